import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import type { Credentials } from "./connect.edge.ts";
import { type Identity, identityIn, type Role } from "./identity.ts";
import { channelOf } from "./socket-channel.edge.ts";
import { HANDSHAKE_MS, MOST_BYTES, PING_MS, REPORTS_PATH, STATE_PATH } from "./sockets.ts";

interface Limits {
  /** Connections at once, of whatever kind. */
  readonly connections: number;
  /** Handshakes begun in a second. */
  readonly handshakesPerSecond: number;
}

const usualLimits: Limits = { connections: 12_000, handshakesPerSecond: 100 };

export interface ServeOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly as: Credentials;
  /** Whom to serve. */
  readonly role: Role;
  readonly limits?: Limits;
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
}

export interface Serving {
  readonly port: number;
  /** Turned away, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Takes connections of nodes with a certificate, and nobody else's. */
export async function serve(options: ServeOptions, world: World): Promise<Serving> {
  const { host, port, as, role, limits = usualLimits } = options;
  const refused = new Map<string, number>();
  const count = (reason: string) => void refused.set(reason, (refused.get(reason) ?? 0) + 1);
  const server = createServer({
    cert: as.certificate,
    key: as.key,
    ca: as.authority,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    handshakeTimeout: HANDSHAKE_MS,
    headersTimeout: HANDSHAKE_MS,
    requestTimeout: HANDSHAKE_MS,
    connectionsCheckingInterval: HANDSHAKE_MS / 2,
    maxHeaderSize: 8 * 1024,
  });
  limitHandshakes(server, limits, world.clock, count);
  server.on("tlsClientError", () => count("certificate or handshake"));
  const doors = doorsOf(world);
  server.on("request", (_request, response) => {
    count("no WebSocket");
    response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    const certificate = (socket as TLSSocket).getPeerCertificate();
    const identity = identityIn(certificate.subjectaltname);
    if (identity?.role !== role || world.isRefused?.(identity, certificate.serialNumber)) {
      count(identity?.role === role ? "revoked" : "identity");
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
      let events: Omit<ChannelEvents, "opened"> | undefined;
      const nothing = { message: () => undefined, drained: () => undefined, closed: () => undefined };
      const channel = channelOf(webSocket, world.clock, () => events ?? nothing);
      events = door.accept(identity.id, channel);
    });
  });
  const sockets = () => [...doors.values()].flatMap((door) => [...door.sockets.clients]);
  const stopPings = pingAll(sockets, world.clock);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 1_024 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    refused,
    close: async () => {
      stopPings();
      for (const webSocket of sockets()) webSocket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

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

/** What costs most is the handshake: who comes too fast is turned away before it. */
function limitHandshakes(server: Server, limits: Limits, clock: Clock, count: (reason: string) => void): void {
  let tokens = limits.handshakesPerSecond;
  let filledAt = clock.now();
  let open = 0;
  const tls = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    tokens = Math.min(
      limits.handshakesPerSecond,
      tokens + ((clock.now() - filledAt) * limits.handshakesPerSecond) / 1_000,
    );
    filledAt = clock.now();
    if (tokens < 1 || open >= limits.connections) {
      count(tokens < 1 ? "too fast" : "too many");
      socket.destroy();
      return;
    }
    tokens--;
    open++;
    socket.once("close", () => open--);
    for (const listener of tls) listener.call(server, socket);
  });
}

function pingAll(sockets: () => readonly WebSocket[], clock: Clock): () => void {
  let cancel = (): void => undefined;
  const again = () => {
    for (const webSocket of sockets()) webSocket.ping();
    cancel = clock.after(PING_MS, again);
  };
  cancel = clock.after(PING_MS, again);
  return () => cancel();
}
