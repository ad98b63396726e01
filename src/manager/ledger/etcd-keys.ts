/** A key, or all from `from` up to and without `to`. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Sixteen digits: keys are in order of numbers, up to the largest safe integer. */
const digits = (n: number) => String(n).padStart(16, "0");

/** Where the ledger lies in etcd:
 *
 *     PREFIX/log/SEQ              an entry; its text too if that is short
 *     PREFIX/part/SEQ/ID/N        a long text, in pieces. Nobody will refer to those of numbers that were compacted away
 *     PREFIX/snapshot             which snapshot is valid
 *     PREFIX/snap/SEQ/ID/N        its texts, in pieces
 *     PREFIX/lease/NAME           who holds a lease, as long as it is held
 *     PREFIX/epoch/NAME           who took it last
 */
export class EtcdKeys {
  readonly #prefix: string;
  readonly snapshot: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.snapshot = `${prefix}/snapshot`;
  }

  log(seq: number): string {
    return `${this.#prefix}/log/${digits(seq)}`;
  }

  /** Undefined: no entry's key. */
  seqOf(key: string): number | undefined {
    const start = `${this.#prefix}/log/`;
    const rest = key.startsWith(start) ? key.slice(start.length) : "";
    return /^[0-9]{16}$/.test(rest) ? Number(rest) : undefined;
  }

  /** Entries of this number and above. */
  logFrom(seq: number): KeyRange {
    return { from: this.log(seq), to: afterAll(`${this.#prefix}/log/`) };
  }

  pieces(of: "part" | "snap", seq: number, id: string): KeyRange {
    return within(`${this.#prefix}/${of}/${digits(seq)}/${id}/`);
  }

  piece(of: "part" | "snap", seq: number, id: string, n: number): string {
    return `${this.pieces(of, seq, id).from}${digits(n)}`;
  }

  /** All that a snapshot of this number makes needless; the entry itself stays, for what follows to follow it. */
  before(seq: number): readonly KeyRange[] {
    return ["log", "part", "snap"].map((folder) => ({
      from: `${this.#prefix}/${folder}/`,
      to: `${this.#prefix}/${folder}/${digits(seq)}`,
    }));
  }

  lease(name: string): string {
    return `${this.#prefix}/lease/${name}`;
  }

  epoch(name: string): string {
    return `${this.#prefix}/epoch/${name}`;
  }
}

const within = (start: string): KeyRange => ({ from: start, to: afterAll(start) });

/** The first key after all that begin so: "/" is followed by "0". */
const afterAll = (start: string) => `${start.slice(0, -1)}0`;
