import type { Resource } from "../../lcp/resource.ts";
import type { Commit, Held } from "../../lcp/subscription.ts";
import type { RuntimeBody } from "../../model/runtime.ts";

const TYPE = "certificate";
const PREFIX = `${TYPE}/`;

/**
 * Which certificates of agents are good, as the controller tells. It knows them all or keeps no list: an agent that is not
 * on it is refused as soon as there is any other.
 */
export class AgentList {
  readonly #good = new Map<string, RuntimeBody<typeof TYPE>["good"]>();

  constructor({ resources }: Pick<Held, "resources">) {
    for (const resource of resources.values()) this.#take(resource);
  }

  /** @param wallMs milliseconds since 1970 */
  isRefused(agent: string, serial: string, wallMs: number): boolean {
    if (this.#good.size === 0) return false;
    const its = this.#good.get(agent)?.find((one) => one.serial === serial.toLowerCase());
    return its === undefined || (its.until ?? Number.POSITIVE_INFINITY) <= wallMs;
  }

  /** Whether it is another list now. */
  committed({ upserts, deletes }: Pick<Commit, "upserts" | "deletes">): boolean {
    const taken = upserts.filter((resource) => this.#take(resource)).length;
    const gone = deletes.filter((id) => id.startsWith(PREFIX) && this.#good.delete(id.slice(PREFIX.length))).length;
    return taken + gone > 0;
  }

  #take({ type, key, body }: Resource): boolean {
    if (type !== TYPE) return false;
    // Only what was found sound is held.
    this.#good.set(key, (body as RuntimeBody<typeof TYPE>).good);
    return true;
  }
}
