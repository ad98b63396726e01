import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import { limitedWarnings } from "../../base/limited-log.ts";
import type { Log } from "../../base/log.ts";
import { failureOf } from "./failure.ts";

/** Of the connection itself: what a proxy says of others is nobody's proof. */
export function addressOf({ raw }: FastifyRequest): string {
  const address = raw.socket.remoteAddress ?? "unknown";
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}

/** Without the query, and no longer than is read. */
export const pathOf = ({ url }: FastifyRequest): string => (url.split("?", 1)[0] ?? "").slice(0, 512);

/** What was thrown, as one of ours where it is about the request. */
export function asOurs(error: FastifyError | Error): unknown {
  if (error instanceof PcgError) return error;
  const { statusCode = 500 } = error as Partial<FastifyError>;
  if (statusCode === 413) return new PcgError("MANAGER_TOO_LARGE", { field: "body" }, error);
  if (statusCode === 415) return new PcgError("MANAGER_NOT_JSON", { field: "Content-Type" }, error);
  if (statusCode >= 500) return error;
  return new PcgError("MANAGER_BAD_REQUEST", { field: "body", why: messageOf(error) }, error);
}

/** Answers with what is wrong. What is nobody's business goes to the log instead, under the same reference. */
export function failures(log: Log, clock: Clock) {
  const warn = limitedWarnings(log, clock);
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const { status, body, isOurs, retryAfterSeconds } = failureOf(error, request.id);
    const facts = { from: addressOf(request), method: request.method, path: pathOf(request), reference: request.id };
    if (isOurs) log.error("a request failed", { ...facts, why: messageOf(error), stack: stackOf(error) });
    else warn(`a request was refused: ${body.code}`, facts);
    if (retryAfterSeconds !== undefined) reply.header("retry-after", retryAfterSeconds);
    if (status === 401) reply.header("www-authenticate", "Bearer");
    // The rest of a body is not waited for.
    if (hasMore(request)) reply.header("connection", "close");
    reply.status(status).type("application/json; charset=utf-8").send(JSON.stringify(body));
  };
}

function hasMore({ raw }: FastifyRequest): boolean {
  const { "content-length": length = "0", "transfer-encoding": encoding } = raw.headers;
  return !raw.complete && (length !== "0" || encoding !== undefined);
}

const stackOf = (error: unknown) =>
  error instanceof Error ? (error.stack?.split("\n").slice(1, 4).join(" ") ?? "") : "";
