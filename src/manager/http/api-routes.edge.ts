import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import { sourceOf } from "../../lcp/source.ts";
import type { Caller } from "./access.ts";
import type { AuditFact } from "./audit.ts";
import { AuditTrail } from "./audit-trail.ts";
import { refuseBody, textOf } from "./body.ts";
import { Budget } from "./budget.ts";
import { failureOf } from "./failure.ts";
import { addressOf, asOurs, failures, pathOf } from "./failures.edge.ts";
import { type Gate, NOBODY, refuseRole } from "./gate.ts";
import type { Limits } from "./limits.ts";
import { queryOf, revisionIn } from "./query.ts";
import type { Answer, ApiRequest, Behind, Route } from "./route.ts";
import { routes } from "./routes.ts";

export interface ApiRoutesOptions {
  readonly behind: Behind;
  readonly gate: Gate;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
}

/** The table of routes, as a fastify plugin. */
export const apiRoutes = (options: ApiRoutesOptions) => async (scope: FastifyInstance) => {
  const exchange = new Exchange(options);
  readJson(scope, options.limits);
  scope.setErrorHandler((error: Error, request, reply) => exchange.fail(error, request, reply));
  for (const route of routes) {
    scope.route({
      method: route.method,
      url: route.path.replaceAll(/\{([^}]+)\}/g, ":$1"),
      bodyLimit: mostBytes(route, options.limits),
      onRequest: async (request, reply) => exchange.enter(route, request, reply),
      handler: (request, reply) => exchange.handle(route, request, reply),
    });
  }
};

/** A request's way: who is it, what is asked, do it, account for it, answer. */
class Exchange {
  readonly #options: ApiRoutesOptions;
  readonly #trail: AuditTrail;
  readonly #tell: ReturnType<typeof failures>;
  readonly #callers = new WeakMap<FastifyRequest, Caller>();
  readonly #bodies: Budget;
  readonly #answers: Budget;

  constructor(options: ApiRoutesOptions) {
    const { behind, limits, clock, log } = options;
    this.#options = options;
    this.#trail = new AuditTrail(behind.audit, clock, log);
    this.#tell = failures(log, clock);
    this.#bodies = new Budget(limits.bodiesBytes);
    this.#answers = new Budget(limits.answersBytes);
  }

  /** @throws what a request is refused for before its body is read */
  enter(route: Route, request: FastifyRequest, reply: FastifyReply): void {
    const { gate, limits } = this.#options;
    const source = sourceOf(request.raw.socket.remoteAddress);
    gate.arrive(source);
    if (route.needs !== "nobody") {
      const caller = gate.identify(source, request.headers.authorization);
      this.#callers.set(request, caller);
      refuseRole(caller, route);
    }
    const { "content-encoding": encoding } = request.headers;
    if (encoding !== undefined)
      throw new PcgError("MANAGER_NOT_JSON", { field: "Content-Encoding", value: encoding, why: "is not read" });
    reserve({ bodies: this.#bodies, limits }, route, request, reply);
  }

  async handle(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const asked = this.#read(route, request);
    const isChange = route.method !== "GET";
    if (isChange) await this.#trail.mayChange();
    const answer = await route.handle(asked, this.#options.behind);
    const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
    if (isChange) await this.#record(request, { status: 200, code: null });
    else keepRoom(this.#answers, text, reply);
    return send(reply, answer, text);
  }

  async fail(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const failure = asOurs(error);
    const { status, body } = failureOf(failure, request.id);
    const isAttempt = request.method !== "GET" || status === 401 || status === 403;
    if (isAttempt && status !== 429) await this.#record(request, { status, code: body.code });
    this.#tell(failure, request, reply);
    return reply;
  }

  /** @throws MANAGER_BAD_REQUEST */
  #read(route: Route, request: FastifyRequest): ApiRequest {
    const { body, headers, params, query } = request;
    if (route.body) refuseBody(route.body, body);
    return {
      ...{ body, params: params as ApiRequest["params"], caller: this.#callers.get(request) ?? NOBODY },
      query: queryOf(query, Object.keys(route.query ?? {})),
      ifMatch: revisionIn(headers["if-match"]),
      wallMs: this.#options.clock.wall(),
    };
  }

  #record(request: FastifyRequest, outcome: Pick<AuditFact, "status" | "code">): Promise<void> {
    const { name: who = null, role = null } = this.#callers.get(request) ?? {};
    const where = { from: addressOf(request), method: request.method, path: pathOf(request) };
    return this.#trail.record({ who, role, ...where, ...outcome, reference: request.id });
  }
}

function readJson(scope: FastifyInstance, limits: Limits): void {
  const parse = scope.getDefaultJsonParser("error", "error");
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes: Buffer, done) => {
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      parse(request, textOf(bytes, limits), done);
    } catch (error) {
      done(error as Error);
    }
  });
}

const mostBytes = ({ takes }: Route, limits: Limits): number =>
  takes === "tree" ? limits.treeBytes : limits.bodyBytes;

interface Room {
  readonly bodies: Budget;
  readonly limits: Limits;
}

/** Bodies that are on their way have their room from the beginning on, so that those of all together are bounded. */
function reserve({ bodies, limits }: Room, route: Route, request: FastifyRequest, reply: FastifyReply): void {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (length === undefined && encoding === undefined) return;
  const most = mostBytes(route, limits);
  const bytes = length === undefined ? most : Number(length);
  if (bytes > most) throw new PcgError("MANAGER_TOO_LARGE", { field: "body", why: `has more than ${most} bytes` });
  const release = bodies.take(bytes);
  if (!release) throw new PcgError("MANAGER_TOO_FAST", { why: "many large ones are on their way in" });
  giveBack(reply, release);
}

/** When the exchange is over, as it may be already. */
function giveBack({ raw }: FastifyReply, release: () => void): void {
  if (raw.destroyed) release();
  else raw.once("close", release);
}

/** Answers that nobody takes stay in memory until their connection is given up. */
function keepRoom(answers: Budget, text: string, reply: FastifyReply): void {
  const release = answers.take(text.length);
  if (!release)
    throw new PcgError("MANAGER_TOO_FAST", {
      ...{ why: "many large answers are on their way out", hint: "ask for smaller pages" },
    });
  giveBack(reply, release);
}

function send(reply: FastifyReply, { revision }: Answer, text: string): FastifyReply {
  if (revision !== undefined) reply.header("etag", `"${revision}"`);
  if (text === "") return reply.status(200).send();
  return reply.status(200).type("application/json; charset=utf-8").send(text);
}
