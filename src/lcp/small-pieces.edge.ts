import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/*
 * Node keeps for every TLS connection, as long as it lasts, buffers as large as the most that was ever in them at once.
 * Over a socket as it is that is 64 KB for reading, as soon as anything was longer than 1 KB, which every handshake with two
 * certificates is; and for writing as much as the longest message. Read and written in pieces, an idle connection holds 17
 * KB of buffers instead of 100.
 */

/** What Node's buffer for reading has room for at first (1,024 bytes), and a byte less, as it grows when it is full. */
const READ = 1_023;
/** With what TLS adds, no more than Node's buffer for writing grows by at least (16,384 bytes). */
const WRITE = 15_000;

/** What is to be under TLS, instead of the socket. */
export const underTls = (socket: Socket): Duplex => new SmallPieces(socket, { read: READ });

/** What is to be over TLS, instead of it. */
export const overTls = (socket: TLSSocket): Duplex => new SmallPieces(socket, { write: WRITE });

/** Bytes of a piece, at most; left out: as they come. */
interface PieceSizes {
  readonly read?: number;
  readonly write?: number;
}

type Done = (error?: Error | null) => void;

/** Another stream, handed on in small pieces; the next one is written when the one before is on its way. */
export class SmallPieces extends Duplex {
  readonly #stream: Duplex;
  readonly #sizes: PieceSizes;

  constructor(stream: Duplex, sizes: PieceSizes) {
    super({ allowHalfOpen: stream.allowHalfOpen });
    this.#stream = stream;
    this.#sizes = sizes;
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
    this.#writeFrom(bytes, 0, done);
  }

  override _final(done: Done): void {
    this.#stream.end(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stream.destroy();
    done(error);
  }

  #take(bytes: Buffer): void {
    const { read = bytes.length } = this.#sizes;
    let wantsMore = true;
    for (let at = 0; at < bytes.length; at += read) wantsMore = this.push(bytes.subarray(at, at + read));
    if (!wantsMore) this.#stream.pause();
  }

  #writeFrom(bytes: Buffer, from: number, done: Done): void {
    const { write = bytes.length } = this.#sizes;
    const to = from + write;
    this.#stream.write(bytes.subarray(from, to), (error) => {
      if (error || to >= bytes.length) done(error);
      else this.#writeFrom(bytes, to, done);
    });
  }
}
