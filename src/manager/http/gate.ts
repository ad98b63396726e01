import type { Clock } from "../../base/clock.ts";
import { PcgError } from "../../base/error.ts";
import { Throttle } from "../../base/throttle.ts";
import type { Access, Caller } from "./access.ts";
import type { Limits } from "./limits.ts";
import { isAtLeast } from "./roles.ts";
import type { Route } from "./route.ts";

/** Whoever needs no token. */
export const NOBODY: Caller = { id: "", name: "", role: "viewer" };

/** Who comes in, before anything of a body is read. */
export class Gate {
  readonly #access: Access;
  readonly #bySource: Throttle;
  readonly #byToken: Throttle;
  readonly #refusedBySource: Throttle;

  constructor(access: Access, { perSource, perToken, refusedPerSource }: Limits, clock: Clock) {
    this.#access = access;
    this.#bySource = new Throttle(perSource, clock);
    this.#byToken = new Throttle(perToken, clock);
    this.#refusedBySource = new Throttle(refusedPerSource, clock);
  }

  /** @throws MANAGER_TOO_FAST */
  arrive(source: string): void {
    refuseEarly(this.#bySource.take(source), "this address");
  }

  /**
   * Who somebody is. A token that is good is heard however many others of its source were not.
   *
   * @param authorization the header
   * @throws MANAGER_UNKNOWN_CALLER, MANAGER_TOO_FAST
   */
  identify(source: string, authorization: string | undefined): Caller {
    const caller = this.#callerBy(source, authorization);
    refuseEarly(this.#byToken.take(caller.id), "this token");
    return caller;
  }

  #callerBy(source: string, authorization: string | undefined): Caller {
    try {
      return this.#access.callerOf(bearerIn(authorization));
    } catch (error) {
      refuseEarly(this.#refusedBySource.take(source), "unknown callers of this address");
      throw error;
    }
  }
}

/** @throws MANAGER_DENIED */
export function refuseRole({ name, role }: Caller, { needs }: Route): void {
  if (needs === "nobody" || isAtLeast(role, needs)) return;
  const why = `is the role of the token ${name}, and this needs ${needs}`;
  throw new PcgError("MANAGER_DENIED", { field: "role", value: role, why });
}

function bearerIn(authorization: string | undefined): string {
  const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (token !== undefined) return token;
  const why = authorization === undefined ? "is missing" : "is not Bearer and a token";
  throw new PcgError("MANAGER_UNKNOWN_CALLER", { field: "Authorization", why });
}

function refuseEarly(retryAfterMs: number, whose: string): void {
  if (retryAfterMs > 0) throw new PcgError("MANAGER_TOO_FAST", { why: `of ${whose}`, retryAfterMs });
}
