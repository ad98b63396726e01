import type { ResourceType } from "../../lcp/resource.ts";
import { ResourceId } from "../../lcp/resource.ts";
import type { RuntimeBody, RuntimeType } from "../../model/runtime.ts";
import { idIn, type KindName, type ObjectOf } from "../policy/kinds.ts";
import type { Look } from "./graph.ts";
import type { Offer } from "./offers.ts";

/** What follows from one object of the policy tree. */
export type TreeRecipe<K extends KindName> = (object: ObjectOf<K>, look: Look) => readonly Offer[];

/** The object at a path of this kind. */
export const at = <K extends KindName>(look: Look, path: string | undefined): ObjectOf<K> | undefined =>
  path === undefined ? undefined : (look.get(path) as ObjectOf<K> | undefined);

export const TIER0S = "/infra/tier-0s/";

/** A piece of a Tier-0's runtime state. */
export const piece = <T extends RuntimeType & ResourceType>(
  tier0: string,
  type: T,
  key: string,
  body: RuntimeBody<T>,
): Offer => ({ to: tier0, key: ResourceId(type, key), value: { type, key, body } });

/** `/infra/segments/web` of whatever is below it, and of itself. */
export const topOf = (path: string): string => path.split("/", 4).join("/");

/** A segment that gateways carry, and whose they are. */
export interface Carried {
  readonly tier0: string;
  readonly segment: ObjectOf<"Segment">;
  readonly vni: number;
  readonly subnet: ObjectOf<"Segment">["subnets"][number];
}

/** Undefined: it is on no gateway, or not complete yet. */
export function carried(look: Look, path: string): Carried | undefined {
  const segment = at<"Segment">(look, path);
  if (segment?.connectivity_path === undefined || !look.has(segment.connectivity_path)) return undefined;
  const [subnet] = segment.subnets;
  const { overlay_id: vni } = segment;
  if (vni === undefined || !subnet) return undefined;
  return { tier0: idIn(segment.connectivity_path), segment, vni, subnet };
}
