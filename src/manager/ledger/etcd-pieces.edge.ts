import { PcgError } from "../../base/error.ts";
import { chunksOf } from "./chunks.ts";
import type { EtcdClient } from "./etcd-client.edge.ts";
import type { EtcdKeys } from "./etcd-keys.ts";
import { put, remove } from "./etcd-messages.ts";

/** etcd takes requests of up to 1.5 MiB (its --max-request-bytes). */
const MOST_BYTES = 1024 * 1024;

/** Where bytes lie that are too many for one value. */
export interface Pieces {
  readonly of: "part" | "snap";
  readonly seq: number;
  /** Told apart from what others write for the same number. */
  readonly id: string;
}

/** Bytes in pieces, which mean nothing until something that refers to them is written. */
export class EtcdPieces {
  readonly #client: EtcdClient;
  readonly #keys: EtcdKeys;

  constructor(client: EtcdClient, keys: EtcdKeys) {
    this.#client = client;
    this.#keys = keys;
  }

  /**
   * Writes all pieces but the last, which is for the transaction that refers to them: a text of one piece takes one
   * request. @returns how many there are, and what writes the last @throws MANAGER_STORE
   */
  async write({ of, seq, id }: Pieces, bytes: Uint8Array) {
    const puts = chunksOf(bytes, MOST_BYTES).map((chunk, n) => put(this.#keys.piece(of, seq, id, n), chunk));
    for (const each of puts.slice(0, -1)) await this.#client.transact({ compare: [], success: [each] });
    return { count: puts.length, last: puts.slice(-1) };
  }

  /** @param revision as they were then @throws MANAGER_STORE */
  async read({ of, seq, id }: Pieces, { count, revision }: Record<"count" | "revision", number>): Promise<Buffer> {
    const found: Buffer[] = [];
    for (let n = 0; n < count; n++) {
      const key = this.#keys.piece(of, seq, id, n);
      const piece = (await this.#client.range({ key, revision })).kvs[0];
      if (!piece) throw new PcgError("MANAGER_STORE", { key, why: "is missing" });
      found.push(piece.value);
    }
    return Buffer.concat(found);
  }

  /** What nothing refers to. Where it fails, a later snapshot takes it away. */
  async drop({ of, seq, id }: Pieces): Promise<void> {
    const dropped = { compare: [], success: [remove(this.#keys.pieces(of, seq, id))] };
    await this.#client.transact(dropped).catch(() => undefined);
  }
}
