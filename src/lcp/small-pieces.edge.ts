import { Duplex } from "node:stream";

/** What Node's buffer for reading has room for at first (1,024 bytes), and a byte less, as it grows when it is full. */
const MOST_BYTES = 1_023;

type Done = (error?: Error | null) => void;

/**
 * A socket for TLS to be over, read in small pieces. Over a socket itself, TLS reads up to 64 KB at once, and keeps a buffer
 * of that size for as long as the connection lasts, as soon as anything was longer than 1 KB: every handshake with two
 * certificates is.
 */
export class SmallPieces extends Duplex {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    super({ allowHalfOpen: stream.allowHalfOpen });
    this.#stream = stream;
    stream.on("data", (bytes: Buffer) => this.#take(bytes));
    stream.on("end", () => this.push(null));
    stream.on("error", (error) => this.destroy(error));
    stream.on("close", () => this.destroy());
    stream.pause();
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#stream.write(bytes, done);
  }

  override _final(done: Done): void {
    this.#stream.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    let wantsMore = true;
    for (let at = 0; at < bytes.length; at += MOST_BYTES) wantsMore = this.push(bytes.subarray(at, at + MOST_BYTES));
    if (!wantsMore) this.#stream.pause();
  }
}
