import { createSecureContext, type PeerCertificate, type SecureContext } from "node:tls";
import { type ClientOptions, WebSocket } from "ws";
import type { Clock } from "../base/clock.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { type Identity, identityIn, uriOf } from "./identity.ts";
import { channelOf } from "./socket-channel.edge.ts";
import { HANDSHAKE_MS, MOST_BYTES, STATE_PATH } from "./sockets.ts";

/** PEM texts: by what a node is known, and whom it believes. */
export interface Credentials {
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** Who must be there: a right certificate of another is refused. */
  readonly is: Identity;
  /** What for; left out: to be told state. */
  readonly path?: string;
}

/**
 * Opens a channel: WebSocket over TLS 1.3, each end with its certificate.
 *
 * @param credentials those to use, or where to get them each time: they are renewed
 */
export function connectTo(
  { host, port, is, path = STATE_PATH }: Upstream,
  credentials: Credentials | (() => Credentials),
  clock: Clock,
) {
  const contextOf = madeOnce(({ certificate, key, authority }: Credentials) =>
    createSecureContext({ cert: certificate, key, ca: authority, minVersion: "TLSv1.3" }),
  );
  return (events: ChannelEvents): Channel => {
    const as = typeof credentials === "function" ? credentials() : credentials;
    // Handed on to node:tls, which the types of `ws` do not know.
    const tls = { secureContext: contextOf(as) };
    const socket = new WebSocket(`wss://${host}:${port}${path}`, {
      ...tls,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MOST_BYTES.source,
      perMessageDeflate: false,
      checkServerIdentity: asTyped((certificate) => mustBe(is, certificate)),
    });
    socket.on("open", () => events.opened());
    return channelOf(socket, clock, () => events);
  };
}

/** To read certificate and key costs more than all else of an attempt that fails. */
function madeOnce(make: (as: Credentials) => SecureContext): (as: Credentials) => SecureContext {
  let last: { readonly as: Credentials; readonly context: SecureContext } | undefined;
  return (as) => {
    if (last?.as !== as) last = { as, context: make(as) };
    return last.context;
  };
}

/** node:tls, to which `ws` hands it, wants an error or nothing; the types of `ws` say otherwise. */
const asTyped = (check: (certificate: PeerCertificate) => Error | undefined) =>
  ((_host: string, certificate: PeerCertificate) => check(certificate)) as unknown as NonNullable<
    ClientOptions["checkServerIdentity"]
  >;

/** Addresses change; names do not. */
function mustBe(is: Identity, certificate: PeerCertificate): Error | undefined {
  const found = identityIn(certificate.subjectaltname);
  if (found && uriOf(found) === uriOf(is)) return undefined;
  return new Error(`the other end is ${found ? uriOf(found) : "nobody"}, not ${uriOf(is)}`);
}
