import { constants } from "node:crypto";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";
import type { Clock } from "../../base/clock.ts";
import { guardServer } from "../../lcp/guarded-server.edge.ts";
import type { Limits } from "./limits.ts";

export interface TlsServerOptions {
  /** PEM: the server's own, and those up to its authority's, so that clients may find one that they pinned. */
  readonly certificate: string;
  readonly key: string;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Such as what other routes want of clients' certificates. */
  readonly tls?: Pick<TlsOptions, "ca" | "requestCert" | "rejectUnauthorized" | "minVersion">;
}

/** Of TLS 1.2 only what keeps past secrets when a key is lost, and says whether it was changed (RFC 9325 §4.2). */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** An HTTPS server that connections of strangers, however they behave, cost little. */
export function limitedTlsServer(
  { certificate, key, limits, clock, tls }: TlsServerOptions,
  handler: RequestListener,
  refused: (reason: string, source?: string) => void,
): {
  readonly server: Server;
  readonly open: ReadonlySet<Socket>;
  readonly renew: (as: Pick<TlsServerOptions, "certificate" | "key">) => void;
} {
  const context = (as: Pick<TlsServerOptions, "certificate" | "key">) => ({
    ...({ minVersion: "TLSv1.2", ...tls } as const),
    ...{ cert: as.certificate, key: as.key, ciphers: CIPHERS },
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
  const server = createServer(
    {
      ...context({ certificate, key }),
      handshakeTimeout: limits.headersMs,
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersMs / 2),
      keepAliveTimeout: limits.idleMs,
      maxHeaderSize: 16 * 1024,
    },
    handler,
  );
  server.maxHeadersCount = 100;
  server.setTimeout(limits.idleMs);
  server.on("secureConnection", (socket) => void greeted.add(socket));
  server.on("tlsClientError", () => refused("handshake"));
  const { connections, connectionsPerSource, handshakes, handshakesPerSource, headersMs: silentMs } = limits;
  const guard = guardServer(server, {
    limits: { connections, connectionsPerSource, handshakes, handshakesPerSource, silentMs },
    ...{ clock, refused, greeted: "idle" },
  });
  server.on("request", ({ socket }, response) => {
    guard.becomes(socket as TLSSocket, "busy");
    response.once("close", () => guard.becomes(socket as TLSSocket, "idle"));
  });
  return { server, open: guard.open, renew: (as) => server.setSecureContext(context(as)) };
}

/** Those whose TLS handshake is over. */
const greeted = new WeakSet<Socket>();

/** What is no HTTP gets the shortest answer there is; what is no TLS could not read it, and would never end. */
export function answerClientError(error: Error, socket: Socket, refused: (reason: string) => void): void {
  const { code = "" } = error as NodeJS.ErrnoException;
  refused(clientErrors[code]?.[0] ?? "no HTTP");
  if (code === "ECONNRESET" || !socket.writable || !greeted.has(socket)) socket.destroy();
  else
    socket.end(
      `HTTP/1.1 ${clientErrors[code]?.[1] ?? "400 Bad Request"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
}

/** By node:http's codes: why it ends, and what is answered. */
const clientErrors: Readonly<Record<string, readonly [string, string]>> = {
  ECONNRESET: ["reset", ""],
  HPE_HEADER_OVERFLOW: ["headers too large", "431 Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["too slow", "408 Request Timeout"],
};
