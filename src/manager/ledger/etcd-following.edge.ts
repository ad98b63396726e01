import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { EtcdClient } from "./etcd-client.edge.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import type { KeyValue } from "./etcd-messages.ts";
import { type LogValue, readValue } from "./etcd-values.ts";
import { Following, type Marked } from "./following.ts";
import type { LedgerEvents } from "./ledger.ts";

export interface EtcdFollowingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly client: EtcdClient;
  readonly keys: EtcdKeys;
  readonly read: (seq: number) => Promise<readonly Marked[]>;
}

/** A watch tells of all that is new; this is for one that has fallen silent, and for a store that was put back. */
const LOOK_MS = 3_000;
const PAUSE_MS = 200;

/** A reader of a ledger in etcd, told by a watch, on one member after the other as they fail. */
export class EtcdFollowing {
  readonly #parts: EtcdFollowingParts;
  readonly #following: Following;
  /** Since a look found something last. */
  #heard = false;
  #undo: () => void = () => undefined;

  constructor(parts: EtcdFollowingParts, seq: number, events: LedgerEvents) {
    this.#parts = parts;
    const lost = (why: string) => {
      this.#undo();
      events.lost(why);
    };
    this.#following = new Following({ ...parts, everyMs: LOOK_MS, missed: () => this.#missed() }, seq, {
      entry: (entry) => events.entry(entry),
      lost,
    });
    this.#watch();
  }

  hear(entry: Marked): void {
    this.#following.hear(entry);
  }

  look(): void {
    void this.#following.look();
  }

  stop(): void {
    this.#undo();
    this.#following.stop();
  }

  #watch(): void {
    this.#undo = this.#parts.client.watch(this.#parts.keys.logFrom(0), {
      created: () => void this.#following.look(),
      put: (kv) => this.#put(kv),
      ended: () => {
        this.#undo = this.#parts.clock.after(PAUSE_MS, () => this.#watch());
      },
    });
  }

  /** A look may be a little faster than the watch; it is too slow when nothing at all came from it. */
  #missed(): void {
    if (!this.#heard) {
      this.#undo();
      this.#parts.client.turnAway();
      this.#watch();
    }
    this.#heard = false;
  }

  /** What is not whole here, or no entry, is looked up in its turn. */
  #put(kv: KeyValue): void {
    this.#heard = true;
    const seq = this.#parts.keys.seqOf(kv.key);
    const value = entryIn(kv);
    if (seq !== undefined && value?.text !== undefined)
      this.#following.hear({ seq, mark: value.mark, text: value.text });
    else void this.#following.look();
  }
}

function entryIn(kv: KeyValue): LogValue | undefined {
  try {
    return readValue(kv);
  } catch {
    return undefined;
  }
}
