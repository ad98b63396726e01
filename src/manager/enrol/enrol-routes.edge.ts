import type { TLSSocket } from "node:tls";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../../base/clock.ts";
import { type ErrorCode, messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Enrolment } from "./enrolment.ts";
import { SourceRate } from "./source-rate.ts";

const MOST_BYTES = 32 * 1024;

const statuses: Partial<Record<ErrorCode, number>> = {
  MANAGER_BAD_REQUEST: 400,
  MANAGER_DENIED: 403,
  MANAGER_NOT_FOUND: 503,
  MANAGER_STORE: 503,
  ENROL_TOO_OFTEN: 429,
};

/**
 * For the TLS server that these routes are on. A node shows its certificate to get the next one; nobody else need have
 * any, and what is shown is checked where it is used. Naming the root keeps browsers from offering other certificates.
 */
export const askForCertificate = (root: string) =>
  ({ requestCert: true, rejectUnauthorized: false, ca: root }) as const;

export interface EnrolRoutesOptions {
  readonly enrolment: Enrolment;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What nodes ask of a manager before they have a certificate, and for the next one:
 * `GET /enrol/authority`, `GET /enrol/nonce`, `POST /enrol`, `POST /enrol/renew`. A fastify plugin.
 */
export const enrolRoutes =
  ({ enrolment, clock, log }: EnrolRoutesOptions) =>
  async (server: FastifyInstance): Promise<void> => {
    const rate = new SourceRate(clock);
    server.addHook("onRequest", async (request) => {
      if (!rate.takes(sourceOf(request))) throw new PcgError("ENROL_TOO_OFTEN", { source: sourceOf(request) });
    });
    server.setErrorHandler(async (error, request, reply) => {
      const known = error instanceof PcgError ? error : asBadRequest(error);
      const status = statuses[known.code] ?? 500;
      log[status >= 500 ? "error" : "warn"](`${request.method} ${request.url}: ${known.message}`, {
        source: sourceOf(request),
      });
      return reply.status(status).send({ code: known.code, message: known.message });
    });
    const options = { bodyLimit: MOST_BYTES };
    server.get("/enrol/authority", async () => enrolment.authority());
    server.get("/enrol/nonce", async (request) => ({ nonce: enrolment.nonce(sourceOf(request)) }));
    server.post("/enrol", options, (request) => enrolment.enrol(request.body, sourceOf(request)));
    server.post("/enrol/renew", options, (request) => {
      const shown = (request.raw.socket as TLSSocket).getPeerX509Certificate?.();
      if (!shown) throw new PcgError("MANAGER_DENIED", { field: "certificate", why: "show the one you have" });
      return enrolment.renew(shown.raw, request.body, sourceOf(request));
    });
  };

/** Of the connection itself: what a proxy says of others is nobody's proof. */
function sourceOf(request: FastifyRequest): string {
  const address = request.raw.socket.remoteAddress ?? "";
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}

/** What fastify has against a body: too long, no JSON. */
function asBadRequest(error: unknown): PcgError {
  const { statusCode = 500 } = error as { statusCode?: number };
  if (statusCode >= 500) return new PcgError("MANAGER_STORE", { why: "unforeseen" }, error);
  return new PcgError("MANAGER_BAD_REQUEST", { field: "body", why: messageOf(error) }, error);
}
