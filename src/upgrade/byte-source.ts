/** A stream of bytes that is taken piece by piece, and never held as a whole. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next so many bytes; fewer where the stream ends. For what is small. */
  async take(bytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.pieces(bytes)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** The next so many bytes as they come; fewer where the stream ends. */
  async *pieces(bytes: number): AsyncGenerator<Uint8Array, void> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#fill())) return;
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#rest = value;
    return true;
  }

  /** Nothing more is wanted: whoever feeds us can close. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
