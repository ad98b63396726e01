/** Of a WebSocket, what sending takes. */
export interface FragmentSocket {
  /** Bytes that are not on their way yet. */
  readonly bufferedAmount: number;
  send(
    data: string | Uint8Array,
    options: { readonly binary: boolean; readonly fin: boolean },
    done: (error?: Error) => void,
  ): void;
}

/**
 * Bytes of a fragment. With what TLS adds, no more than Node's buffer for writing grows by at least: it stays as large as
 * the most that was ever in it at once, for as long as the connection lasts.
 */
const MOST_BYTES = 15_000;
/** UTF-8 has three bytes at most for each UTF-16 code unit. */
const SURELY_SHORT = MOST_BYTES / 3;

interface Message {
  readonly bytes: Uint8Array;
  readonly sent: () => void;
}

/** Sends messages in fragments (RFC 6455 §5.4), each when the one before is on its way. */
export class FragmentSender {
  readonly #socket: FragmentSocket;
  /** The first is under way. Undefined, as nearly always: none is. */
  #messages: Message[] | undefined;
  #waitingBytes = 0;

  constructor(socket: FragmentSocket) {
    this.#socket = socket;
  }

  /** Bytes that are not on their way yet. */
  get buffered(): number {
    return this.#waitingBytes + this.#socket.bufferedAmount;
  }

  /** @param sent called when all of it is on its way, or never */
  send(text: string, sent: () => void): void {
    if (!this.#messages && text.length <= SURELY_SHORT) {
      this.#socket.send(text, { binary: false, fin: true }, (error) => {
        if (!error) sent();
      });
      return;
    }
    const message = { bytes: Buffer.from(text), sent };
    this.#waitingBytes += message.bytes.length;
    if (this.#messages) this.#messages.push(message);
    else {
      this.#messages = [message];
      this.#sendFrom(message, 0);
    }
  }

  #sendFrom(message: Message, from: number): void {
    const fragment = message.bytes.subarray(from, from + MOST_BYTES);
    const to = from + fragment.length;
    const fin = to === message.bytes.length;
    this.#waitingBytes -= fragment.length;
    this.#socket.send(fragment, { binary: false, fin }, (error) => {
      // The connection is over: what waits has nowhere to go.
      if (error) return;
      if (!fin) return this.#sendFrom(message, to);
      this.#messages?.shift();
      const [next] = this.#messages ?? [];
      if (next) this.#sendFrom(next, 0);
      else this.#messages = undefined;
      message.sent();
    });
  }
}
