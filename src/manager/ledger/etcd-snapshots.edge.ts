import { randomUUID } from "node:crypto";
import { PcgError } from "../../base/error.ts";
import { joinTexts, splitTexts } from "./chunks.ts";
import { type EtcdClient, isCompacted } from "./etcd-client.edge.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { isThere, isUnchanged, put, range, remove } from "./etcd-messages.ts";
import type { EtcdPieces, Pieces } from "./etcd-pieces.edge.ts";
import { readSnapshotValue, type SnapshotValue } from "./etcd-values.ts";
import type { Snapshot } from "./ledger.ts";

/** How often a reader begins anew because the history it read from was compacted away under it. */
const READS = 5;

/** The snapshot of a ledger in etcd: pieces, and one key that says which are valid. */
export class EtcdSnapshots {
  readonly #client: EtcdClient;
  readonly #keys: EtcdKeys;
  readonly #pieces: EtcdPieces;

  constructor(client: EtcdClient, keys: EtcdKeys, pieces: EtcdPieces) {
    this.#client = client;
    this.#keys = keys;
    this.#pieces = pieces;
  }

  /** Hands on the snapshot, and the revision at which the rest is to be read so that it goes with it. */
  async consistently<T>(readRest: (snapshot: Snapshot | null, revision: number) => Promise<T>): Promise<T> {
    for (let left = READS; ; left--) {
      try {
        const { value, revision } = await this.#current();
        return await readRest(value ? await this.#read(value, revision) : null, revision);
      } catch (error) {
        if (left <= 1 || !isCompacted(error)) throw error;
      }
    }
  }

  /** @throws MANAGER_STORE */
  async swap({ seq, parts }: Snapshot): Promise<void> {
    let current = await this.#current();
    if (isOld(seq, current.value)) return;
    const id = randomUUID();
    const pieces: Pieces = { of: "snap", seq, id };
    const { bytes, lengths } = joinTexts(parts);
    const { count, last } = await this.#pieces.write(pieces, bytes);
    const value = JSON.stringify({ seq, id, pieces: count, lengths } satisfies SnapshotValue);
    const written = count > 1 ? [isThere(this.#keys.piece("snap", seq, id, 0))] : [];
    for (;;) {
      const { succeeded, read } = await this.#client.transact({
        compare: [isUnchanged(this.#keys.snapshot, current.modRevision), isThere(this.#keys.log(seq)), ...written],
        success: [put(this.#keys.snapshot, value), ...last, ...this.#keys.before(seq).map(remove)],
        failure: [range({ key: this.#keys.log(seq) })],
      });
      if (succeeded) return this.#forget(current.modRevision);
      const before = current;
      current = await this.#current();
      if (current.value?.id === id) return this.#forget(before.modRevision);
      if (!isOld(seq, current.value) && current.modRevision !== before.modRevision && read[0]?.[0]) continue;
      await this.#pieces.drop(pieces);
      if (isOld(seq, current.value)) return;
      throw new PcgError("MANAGER_STORE", { seq, why: "a snapshot of no entry" });
    }
  }

  async #current() {
    const { kvs, revision } = await this.#client.range({ key: this.#keys.snapshot });
    const [kv] = kvs;
    return { value: kv && readSnapshotValue(kv), modRevision: kv?.modRevision ?? 0, revision };
  }

  async #read({ seq, id, pieces, lengths }: SnapshotValue, revision: number): Promise<Snapshot> {
    const bytes = await this.#pieces.read({ of: "snap", seq, id }, { count: pieces, revision });
    const parts = splitTexts({ bytes, lengths });
    if (!parts) throw new PcgError("MANAGER_STORE", { snapshot: seq, why: "its pieces are not what they were" });
    return { seq, parts };
  }

  /**
   * etcd keeps what keys were until it is told otherwise, and takes no more writes when it has grown to its quota. What
   * was before the last snapshot but one nobody reads any more; where others have seen to it already, that is well.
   */
  async #forget(revision: number): Promise<void> {
    if (revision > 0) await this.#client.compact(revision).catch(() => undefined);
  }
}

const isOld = (seq: number, there: SnapshotValue | undefined) => seq <= (there?.seq ?? 0);
