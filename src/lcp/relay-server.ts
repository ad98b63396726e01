import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Log } from "../base/log.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { textOfMessage } from "./message-text.ts";
import { readFromReceiver } from "./protocol.ts";
import { type Publication, STALLED_MS } from "./publication.ts";
import type { Sharing } from "./relay.ts";
import type { Commit } from "./subscription.ts";

/** Of one receiver, unsent: as much as one message. */
const MOST_BUFFERED = 256 * 1024;
/** How long changes are gathered before receivers are told. */
const GATHER_MS = 20;
/** Receivers told before others have their turn. */
const SLICE = 200;

interface Session {
  readonly channel: Channel;
  readonly publication: Publication;
}

/** Serves state to whoever connects. */
export class RelayServer {
  readonly #relay: Sharing;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sessions = new Map<string, Session>();
  /** Who may have something to be told. */
  #waiting = new Set<string>();
  #cancelFlush: (() => void) | undefined;
  #cancelCheck: () => void;

  constructor(relay: Sharing, clock: Clock, log: Log) {
    this.#relay = relay;
    this.#clock = clock;
    this.#log = log;
    this.#cancelCheck = this.#checkLater();
  }

  /** @param receiver as its certificate names it */
  accept(receiver: string, channel: Channel): Omit<ChannelEvents, "opened"> {
    this.#sessions.get(receiver)?.channel.close("the same node has come again");
    const publication = this.#relay.open(receiver, () => this.#wake(receiver));
    const session = { channel, publication };
    this.#sessions.set(receiver, session);
    return {
      message: (text) => {
        if (this.#sessions.get(receiver) === session) this.#message(receiver, session, text);
      },
      drained: () => this.#pump(receiver, session),
      closed: () => this.#ended(receiver, session),
    };
  }

  /** The state has changed by this. */
  committed(commit: Commit): void {
    this.#relay.committed(commit);
  }

  /** What each receiver that is here has kept, and what it refused. */
  *receivers(): Iterable<{ receiver: string; publication: Publication }> {
    for (const [receiver, { publication }] of this.#sessions) yield { receiver, publication };
  }

  stop(): void {
    this.#cancelCheck();
    this.#cancelFlush?.();
    for (const [receiver, session] of this.#sessions) this.#end(receiver, session, "stopped");
  }

  #message(receiver: string, session: Session, text: string): void {
    try {
      session.publication.receive(readFromReceiver(text), this.#clock.now());
    } catch (error) {
      this.#log.warn(`${receiver}: ${messageOf(error)}`);
      this.#end(receiver, session, messageOf(error));
      return;
    }
    this.#pump(receiver, session);
  }

  #pump(receiver: string, session: Session): void {
    const { channel, publication } = session;
    while (this.#sessions.get(receiver) === session && channel.buffered() < MOST_BUFFERED) {
      const message = publication.next(this.#clock.now());
      if (!message) return;
      channel.send(textOfMessage(message));
      if (message.kind === "retry") this.#end(receiver, session, "too many at once");
    }
  }

  #wake(receiver: string): void {
    this.#waiting.add(receiver);
    this.#cancelFlush ??= this.#clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    const slice = [...this.#waiting].slice(0, SLICE);
    for (const receiver of slice) {
      this.#waiting.delete(receiver);
      const session = this.#sessions.get(receiver);
      if (session) this.#pump(receiver, session);
    }
    if (this.#waiting.size > 0) this.#cancelFlush ??= this.#clock.after(0, () => this.#flush());
  }

  /** Who has stopped reading is let go; it is known where it was when it comes again. */
  #checkLater(): () => void {
    return this.#clock.after(STALLED_MS / 6, () => {
      for (const [receiver, session] of [...this.#sessions])
        if (session.publication.stalled(this.#clock.now())) this.#end(receiver, session, "has stopped reading");
      this.#cancelCheck = this.#checkLater();
    });
  }

  #end(receiver: string, session: Session, reason: string): void {
    session.channel.close(reason);
    this.#ended(receiver, session);
  }

  #ended(receiver: string, session: Session): void {
    this.#relay.close(receiver, session.publication);
    if (this.#sessions.get(receiver) !== session) return;
    this.#sessions.delete(receiver);
    this.#waiting.delete(receiver);
  }
}
