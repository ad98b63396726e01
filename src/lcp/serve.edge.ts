import { constants } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../base/clock.ts";
import { limitedWarnings } from "../base/limited-log.ts";
import type { Log } from "../base/log.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { Credentials } from "./connect.edge.ts";
import { guardServer } from "./guarded-server.edge.ts";
import type { HandshakeLimits } from "./handshake-gate.ts";
import { type Identity, identityIn, type Role } from "./identity.ts";
import { SmallPieces } from "./small-pieces.edge.ts";
import { channelOf } from "./socket-channel.edge.ts";
import {
  FAREWELL_MS,
  HANDSHAKE_MS,
  MOST_BYTES,
  PING_MS,
  POLICY_VIOLATION,
  REPORTS_PATH,
  STATE_PATH,
} from "./sockets.ts";

/** How often sessions that stand are held against what is refused by now, unless somebody says so at once. */
const LOOK_MS = 1_000;

const usualLimits: HandshakeLimits = {
  connections: 12_000,
  handshakes: { perSecond: 200, burst: 200 },
  silentMs: HANDSHAKE_MS,
};

export interface ServeOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly as: Credentials;
  /** Whom to serve. */
  readonly role: Role;
  readonly limits?: HandshakeLimits;
}

type Accept = (node: string, channel: Channel) => Omit<ChannelEvents, "opened">;

interface World {
  readonly clock: Clock;
  readonly log: Log;
  /** A receiver of state. */
  readonly accept: Accept;
  /** A source of reports. Left out: none are taken. */
  readonly acceptReports?: Accept;
  /** A certificate that is no longer good, or an id that is not served. */
  isRefused?(identity: Identity, serial: string): boolean;
  /** A node came in with this certificate. */
  admitted?(identity: Identity, serial: string): void;
}

export interface Serving {
  readonly port: number;
  /** Turned away, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** Ends the sessions of those who are refused by now; it happens by itself within a second. */
  endRefused(): void;
  /** Shows this certificate to whoever comes from now on. */
  renew(as: Credentials): void;
  close(): Promise<void>;
}

/** Takes connections of nodes with a certificate, and nobody else's. */
export async function serve(options: ServeOptions, world: World): Promise<Serving> {
  const { host, port, as, role, limits = usualLimits } = options;
  const refused = new Map<string, number>();
  const count = (reason: string) => void refused.set(reason, (refused.get(reason) ?? 0) + 1);
  const server = createServer({
    ...contextOf(as, role),
    requestCert: true,
    // A list of names would be copied for each connection, into memory that is shared with what is gone soon.
    ALPNCallback: ({ protocols }) => protocols.find((name) => name === "http/1.1"),
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: HANDSHAKE_MS / 2,
    maxHeaderSize: 8 * 1024,
  });
  const warn = limitedWarnings(world.log, world.clock);
  const guard = guardServer(server, {
    ...{ limits, clock: world.clock, greeted: "busy" },
    streamOf: (socket) => new SmallPieces(socket.setNoDelay()),
    refused: (reason, source) => {
      count(reason);
      warn("a connection was turned away before its handshake", { door: role, reason, source });
    },
  });
  server.on("tlsClientError", () => count("certificate or handshake"));
  const doors = doorsOf(world);
  const sessions = new Map<WebSocket, Known>();
  const endRefused = () => {
    for (const [webSocket, { identity, serial }] of sessions) {
      if (!world.isRefused?.(identity, serial)) continue;
      sessions.delete(webSocket);
      sendAway(webSocket, world.clock);
    }
  };
  server.on("request", (_request, response) => {
    count("no WebSocket");
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    const known = knownOf(socket as TLSSocket);
    if (known?.identity.role !== role || world.isRefused?.(known.identity, known.serial)) {
      count(known?.identity.role === role ? "revoked" : "identity");
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    const door = doors.get(request.url ?? "");
    if (!door) {
      count("path");
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    door.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      sessions.set(webSocket, known);
      webSocket.once("close", () => sessions.delete(webSocket));
      begin(webSocket, known, door.accept, world);
    });
  });
  const sockets = () => [...doors.values()].flatMap((door) => [...door.sockets.clients]);
  const stopPings = every(PING_MS, world.clock, () => {
    for (const webSocket of sockets()) webSocket.ping();
  });
  const stopLooking = every(LOOK_MS, world.clock, endRefused);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1_024 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    refused,
    endRefused,
    renew: (next) => server.setSecureContext(contextOf(next, role)),
    close: async () => {
      stopPings();
      stopLooking();
      for (const webSocket of sockets()) webSocket.terminate();
      for (const socket of guard.open) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Who came with which certificate. */
interface Known {
  readonly identity: Identity;
  readonly serial: string;
}

function knownOf(socket: TLSSocket): Known | undefined {
  const { subjectaltname, serialNumber } = socket.getPeerCertificate();
  const identity = identityIn(subjectaltname);
  return identity && { identity, serial: serialNumber };
}

/** A function of its own, so that a session keeps nothing alive of the request that it began with. */
function begin(webSocket: WebSocket, { identity, serial }: Known, accept: Accept, world: World): void {
  let events: Omit<ChannelEvents, "opened"> = NOTHING;
  const channel = channelOf(webSocket, world.clock, () => events);
  events = accept(identity.id, channel);
  world.admitted?.(identity, serial);
}

const NOTHING = { message: () => undefined, drained: () => undefined, closed: () => undefined };

interface Door {
  readonly sockets: WebSocketServer;
  readonly accept: Accept;
}

/** What a connection may be for, by the path of its URL. */
function doorsOf({ accept, acceptReports }: World): Map<string, Door> {
  const door = (its: Accept, maxPayload: number): Door => ({
    sockets: new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload }),
    accept: its,
  });
  const doors = new Map([[STATE_PATH, door(accept, MOST_BYTES.receiver)]]);
  if (acceptReports) doors.set(REPORTS_PATH, door(acceptReports, MOST_BYTES.source));
  return doors;
}

function every(ms: number, clock: Clock, fn: () => void): () => void {
  let cancel = (): void => undefined;
  const again = () => {
    fn();
    cancel = clock.after(ms, again);
  };
  cancel = clock.after(ms, again);
  return () => cancel();
}

/** Nothing it still says counts. */
function sendAway(webSocket: WebSocket, clock: Clock): void {
  webSocket.removeAllListeners("message");
  webSocket.close(POLICY_VIOLATION, "the certificate is no longer good");
  clock.after(FAREWELL_MS, () => webSocket.terminate());
}

/**
 * How keys are exchanged. What OpenSSL prefers, with ML-KEM in it, leaves 9 KB with a connection; agents come in thousands,
 * and nobody will care in ten years what they were told.
 */
const curvesFor = (role: Role) => (role === "agent" ? "X25519:P-256" : "auto");

const contextOf = ({ certificate, key, authority }: Credentials, role: Role) =>
  ({
    cert: certificate,
    key,
    ca: authority,
    minVersion: "TLSv1.3",
    ecdhCurve: curvesFor(role),
    // Nobody resumes, and in a ticket are all of a node's certificates.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }) as const;
