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
 * Bytes of a fragment. Node's buffer for what TLS writes stays as large as the most that was ever in it at once, for as
 * long as the connection lasts: about 2 KB after a handshake, and 16 KB more as soon as that was too little. Few nodes are
 * ever told more than LARGE at once, and for those a fragment is what fits into the second buffer.
 */
const FRAGMENT = { usual: 750, ofLarge: 15_000 } as const;
const LARGE = 65_536;
/** UTF-8 has three bytes at most for each UTF-16 code unit. */
const SURELY_SHORT = FRAGMENT.usual / 3;

interface Message {
  readonly bytes: Uint8Array;
  readonly fragment: number;
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
    const bytes = Buffer.from(text);
    const message = { bytes, fragment: bytes.length > LARGE ? FRAGMENT.ofLarge : FRAGMENT.usual, sent };
    this.#waitingBytes += message.bytes.length;
    if (this.#messages) this.#messages.push(message);
    else {
      this.#messages = [message];
      this.#sendFrom(message, 0);
    }
  }

  #sendFrom(message: Message, from: number): void {
    const fragment = message.bytes.subarray(from, from + message.fragment);
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
