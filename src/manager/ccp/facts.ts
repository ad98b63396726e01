import type { Look } from "./graph.ts";
import type { Conditions } from "./membership/conditions.ts";
import type { Membership, Subject } from "./membership/subject.ts";
import type { Offer } from "./offers.ts";

/** For whom facts are: no Tier-0 is called so. */
export const FACTS = "";

/** What recipes say to each other, by kind and names: `uses/web/t0`. */
interface FactValues {
  /** Of a VM: what groups look at. */
  readonly subject: Subject;
  /** Of a group: what it looks for. */
  readonly conditions: Conditions;
  /** Of a VM: the groups it is in. */
  readonly membership: Membership;
  /** Of a group and a Tier-0, where some rule names it. */
  readonly uses: true;
  /** Of a group, or ANYONE, and the policy that is enforced on it. */
  readonly scope: true;
  /** Of a Tier-0 and a gateway. */
  readonly gateway: true;
}
export type FactKind = keyof FactValues;

/** No group is called so. */
export const ANYONE = "*";

export const factKey = (kind: FactKind, ...names: string[]): string => [kind, ...names].join("/");

export const fact = <K extends FactKind>(kind: K, names: readonly string[], value: FactValues[K]): Offer => ({
  to: FACTS,
  key: factKey(kind, ...names),
  value,
});

/** The value under a key that {@link factKey} made of this kind. */
export const factAt = <K extends FactKind>(from: Pick<Look, "get">, kind: K, name: string) =>
  from.get(factKey(kind, name)) as FactValues[K] | undefined;

/** The last names of facts that begin with these. */
export function factsOf(from: Pick<Look, "keys">, kind: FactKind, name: string): string[] {
  const collection = `${factKey(kind, name)}/`;
  return from.keys(collection).map((key) => key.slice(collection.length));
}

/** The kind of fact and what it is of first. */
export const partsOf = (key: string): readonly string[] => key.split("/");
