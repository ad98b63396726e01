import { AsyncLocalStorage } from "node:async_hooks";
import type { Server } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../base/clock.ts";
import { HandshakeGate, type HandshakeLimits } from "./handshake-gate.ts";
import { sourceOf } from "./source.ts";

export interface GuardOptions {
  readonly limits: HandshakeLimits;
  readonly clock: Clock;
  /** What TLS reads and writes. */
  readonly streamOf?: (socket: Socket) => Duplex;
  /** What a connection is after its handshake. */
  readonly greeted: "idle" | "busy";
  refused(reason: string, source: string): void;
}

export interface Guard {
  /** Connections that are open, whatever they are at. */
  readonly open: ReadonlySet<Socket>;
  /** What a connection is from now on. */
  becomes(socket: TLSSocket, stage: "idle" | "busy"): void;
}

/** Takes the place of what begins a handshake with whoever connects: {@link HandshakeGate} decides who may, and when. */
export function guardServer(server: Server, options: GuardOptions): Guard {
  const { limits, clock, greeted, refused, streamOf = (socket) => socket } = options;
  const tls = server.listeners("connection") as ((stream: Duplex) => void)[];
  server.removeAllListeners("connection");
  const open = new Set<Socket>();
  /** Whose handshake it is: TLS tells when one is over, but not of which connection. */
  const arrivals = new AsyncLocalStorage<Socket>();
  const bySocket = new WeakMap<TLSSocket, Socket>();
  const gate = new HandshakeGate<Socket>(limits, clock, {
    begin: (socket) => {
      arrivals.run(socket, () => {
        for (const listener of tls) listener.call(server, streamOf(socket));
      });
    },
    refuse: refused,
  });
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    // Before TLS has it, nobody else listens.
    socket.on("error", () => socket.destroy());
    // Waiting for it reads it into a buffer, from which TLS takes it.
    socket.once("readable", () => {
      if (socket.readableLength > 0) gate.spoke(socket);
      else socket.destroy();
    });
    gate.arrive(socket, sourceOf(socket.remoteAddress));
  });
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    const arrival = arrivals.getStore();
    if (!arrival) return;
    bySocket.set(socket, arrival);
    gate.becomes(arrival, greeted);
  });
  return {
    open,
    becomes: (socket, stage) => {
      const arrival = bySocket.get(socket);
      if (arrival) gate.becomes(arrival, stage);
    },
  };
}
