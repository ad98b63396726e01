import { randomBytes } from "node:crypto";
import type { AddressInfo, Socket } from "node:net";
import fastify, { type FastifyPluginAsync } from "fastify";
import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import { limitedWarnings } from "../../base/limited-log.ts";
import type { Log } from "../../base/log.ts";
import { sourceOf } from "../../lcp/source.ts";
import type { Access } from "./access.ts";
import { apiRoutes } from "./api-routes.edge.ts";
import type { AuditLog } from "./audit.ts";
import { asOurs, failures, pathOf } from "./failures.edge.ts";
import { Gate } from "./gate.ts";
import { type Limits, usualLimits } from "./limits.ts";
import { openApiDocument } from "./openapi.ts";
import type { Ports } from "./ports.ts";
import type { Behind } from "./route.ts";
import { answerClientError, limitedTlsServer, type TlsServerOptions } from "./tls-server.edge.ts";

export interface ApiServerOptions extends Pick<TlsServerOptions, "certificate" | "key" | "tls"> {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Of this software. */
  readonly version: string;
  readonly limits?: Partial<Limits>;
  /** Other routes on the same port, which keep their own rules. */
  readonly plugins?: readonly FastifyPluginAsync[];
}

export interface ApiWorld {
  readonly ports: Ports;
  readonly access: Access;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ApiServer {
  readonly port: number;
  /** Connections that are open, whatever they are at. */
  readonly connections: () => number;
  /** Connections that were turned away or given up, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** As `METHOD path`, in fastify's words. */
  readonly routes: readonly string[];
  /** Shows this certificate to whoever comes from now on. */
  renew(as: Pick<TlsServerOptions, "certificate" | "key">): void;
  close(): Promise<void>;
}

/** Serves the manager's API. */
export async function serveManagerApi(options: ApiServerOptions, world: ApiWorld): Promise<ApiServer> {
  const { access, audit, clock, log, ports } = world;
  const limits = { ...usualLimits, ...options.limits };
  const refused = new Map<string, number>();
  const warn = limitedWarnings(log, clock);
  const count = (reason: string, source?: string) => {
    refused.set(reason, (refused.get(reason) ?? 0) + 1);
    if (source !== undefined) warn("a connection was turned away before its handshake", { reason, source });
  };
  const gate = new Gate(access, limits, clock);
  let renew: ApiServer["renew"] = () => undefined;
  let open: ReadonlySet<Socket> = new Set();
  const fail = failures(log, clock);
  const server = fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    genReqId: () => randomBytes(8).toString("hex"),
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: (error, request, reply) => void fail(asOurs(error), request, reply),
    clientErrorHandler: (error, socket) => answerClientError(error, socket as Socket, count),
    serverFactory: (handler) => {
      const made = limitedTlsServer({ ...options, limits, clock }, handler, count);
      renew = made.renew;
      open = made.open;
      return made.server;
    },
  });
  const registered: string[] = [];
  server.addHook("onRoute", ({ method, url }) => void registered.push(`${String(method)} ${url}`));
  // Node's parser takes a request line without a version for HTTP/0.9, which has neither headers nor a status.
  server.addHook("onRequest", async ({ raw: { httpVersionMajor, httpVersion } }) => {
    if (httpVersionMajor >= 1) return;
    throw new PcgError("MANAGER_BAD_REQUEST", { field: "HTTP version", why: `is ${httpVersion}: write HTTP/1.1` });
  });
  server.addHook("onSend", async (request, reply) => {
    reply.headers({ "x-request-id": request.id, "cache-control": "no-store", "x-content-type-options": "nosniff" });
  });
  server.setErrorHandler(async (error: Error, request, reply) => {
    fail(asOurs(error), request, reply);
    return reply;
  });
  server.setNotFoundHandler(async (request) => {
    gate.arrive(sourceOf(request.raw.socket.remoteAddress));
    const what = {
      path: pathOf(request),
      why: "there is no such route",
      hint: "GET /openapi.json lists all there are",
    };
    throw new PcgError("MANAGER_NOT_FOUND", what);
  });
  const document = openApiDocument(options.version);
  const behind: Behind = {
    ...{ policy: ports.policy, reports: ports.reports, nodes: ports.nodes, access, audit, document },
    realized: (path) => ports.realized(path),
    portState: (path) => ports.portState(path),
    cluster: () => ports.cluster(),
    trouble: () => ports.trouble(),
  };
  await server.register(apiRoutes({ behind, gate, limits, clock, log }));
  for (const plugin of options.plugins ?? []) await server.register(plugin);
  await server.listen({ host: options.host, port: options.port, backlog: 1_024 });
  return {
    port: (server.server.address() as AddressInfo).port,
    refused,
    connections: () => open.size,
    routes: registered,
    renew: (as) => renew(as),
    close: async () => {
      const closed = server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
