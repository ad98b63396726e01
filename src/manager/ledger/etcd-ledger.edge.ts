import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { EtcdClient } from "./etcd-client.edge.ts";
import { EtcdFollowing } from "./etcd-following.edge.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { isAbsent, isThere, put, range } from "./etcd-messages.ts";
import { EtcdPieces, type Pieces } from "./etcd-pieces.edge.ts";
import { EtcdSnapshots } from "./etcd-snapshots.edge.ts";
import { type LogValue, readValue } from "./etcd-values.ts";
import type { Marked } from "./following.ts";
import type { Entry, Ledger, LedgerEvents, Snapshot } from "./ledger.ts";

/** Longer texts lie apart, so that a page of entries is never large. Bytes. */
const INLINE = 16 * 1024;
const PAGE = 64;

/** A ledger in etcd. An entry is a key that is made once: whoever makes it first has its number. */
export class EtcdLedger implements Ledger {
  readonly #client: EtcdClient;
  readonly #keys: EtcdKeys;
  readonly #parts: { readonly clock: Clock; readonly log: Log };
  readonly #pieces: EtcdPieces;
  readonly #snapshots: EtcdSnapshots;
  readonly #followings = new Set<EtcdFollowing>();
  /** What may have been appended or not: asked for again, it keeps its mark. */
  #unsure: Marked | undefined;

  constructor(client: EtcdClient, keys: EtcdKeys, parts: { readonly clock: Clock; readonly log: Log }) {
    this.#client = client;
    this.#keys = keys;
    this.#parts = parts;
    this.#pieces = new EtcdPieces(client, keys);
    this.#snapshots = new EtcdSnapshots(client, keys, this.#pieces);
  }

  load(): Promise<{ snapshot: Snapshot | null; entries: Entry[] }> {
    return this.#snapshots.consistently(async (snapshot, revision) => {
      const entries: Entry[] = [];
      for (;;) {
        const next = (entries.at(-1)?.seq ?? snapshot?.seq ?? 0) + 1;
        const page = await this.#read(next, revision);
        if (page.some(({ seq }, n) => seq !== next + n))
          throw new PcgError("MANAGER_STORE", { seq: next, why: "it, or one soon after it, is missing" });
        entries.push(...page.map(({ seq, text }) => ({ seq, text })));
        if (page.length < PAGE) return { snapshot, entries };
      }
    });
  }

  async newest(): Promise<number> {
    const { kvs } = await this.#client.range({ key: this.#keys.logFrom(0), lastKey: true });
    return (kvs[0] && this.#keys.seqOf(kvs[0].key)) ?? 0;
  }

  async append({ seq, text }: Entry): Promise<boolean> {
    const again = this.#unsure?.seq === seq && this.#unsure.text === text ? this.#unsure : undefined;
    const entry = again ?? { seq, text, mark: randomUUID() };
    this.#unsure = entry;
    const done = await this.#append(entry, again !== undefined);
    if (this.#unsure === entry) this.#unsure = undefined;
    for (const following of this.#followings) {
      if (done) following.hear(entry);
      else following.look();
    }
    return done;
  }

  follow(seq: number, events: LedgerEvents): () => void {
    const following = new EtcdFollowing(
      { ...this.#parts, client: this.#client, keys: this.#keys, read: (from) => this.#read(from, 0) },
      seq,
      events,
    );
    this.#followings.add(following);
    return () => {
      following.stop();
      this.#followings.delete(following);
    };
  }

  compact(snapshot: Snapshot): Promise<void> {
    return this.#snapshots.swap(snapshot);
  }

  async close(): Promise<void> {
    for (const following of this.#followings) following.stop();
    this.#client.close();
  }

  async #append({ seq, text, mark }: Marked, asked: boolean): Promise<boolean> {
    const pieces: Pieces = { of: "part", seq, id: mark };
    const bytes = Buffer.from(text);
    const long = bytes.length > INLINE;
    const { count, last } = long ? await this.#pieces.write(pieces, bytes) : { count: 0, last: [] };
    const value: LogValue = long ? { mark, pieces: count } : { mark, text };
    const { succeeded, read, tries } = await this.#client.transact({
      compare: [isAbsent(this.#keys.log(seq)), this.#follows(seq)],
      success: [...last, put(this.#keys.log(seq), JSON.stringify(value))],
      failure: [range({ key: this.#keys.log(seq) }), range({ key: this.#keys.logFrom(0), lastKey: true })],
    });
    if (succeeded) return true;
    const [[there] = [], [newest] = []] = read;
    // An earlier try may have been carried out, and its answer lost.
    if (there && readValue(there).mark === mark) return true;
    if (long) await this.#pieces.drop(pieces);
    if (there) return false;
    const newestSeq = (newest && this.#keys.seqOf(newest.key)) ?? 0;
    if (newestSeq < seq)
      throw new PcgError("MANAGER_STORE", { seq, last: newestSeq, why: "an entry that follows nothing" });
    if (asked || tries > 1) throw new PcgError("MANAGER_STORE", { seq, why: "whose it was is compacted away" });
    return false;
  }

  /** The entry before is there: a snapshot leaves the one that it was made after. */
  #follows(seq: number) {
    return seq > 1 ? isThere(this.#keys.log(seq - 1)) : isAbsent(this.#keys.snapshot);
  }

  /** @param at as it was at that revision; 0: as it is */
  async #read(seq: number, at: number): Promise<Marked[]> {
    const { kvs, revision } = await this.#client.range({ key: this.#keys.logFrom(seq), limit: PAGE, revision: at });
    const page: Marked[] = [];
    for (const kv of kvs) {
      const value = readValue(kv);
      const mine = { seq: this.#keys.seqOf(kv.key) ?? 0, mark: value.mark };
      page.push({ ...mine, text: value.text ?? (await this.#long(mine, value.pieces ?? 0, at || revision)) });
    }
    return page;
  }

  async #long({ seq, mark }: Omit<Marked, "text">, count: number, revision: number): Promise<string> {
    return (await this.#pieces.read({ of: "part", seq, id: mark }, { count, revision })).toString();
  }
}
