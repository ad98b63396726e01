import { ANYONE, factAt, factsOf } from "../facts.ts";
import type { Look, Recipe } from "../graph.ts";
import type { Offer } from "../offers.ts";
import { piece } from "../tree.ts";
import type { Conditions } from "./conditions.ts";
import type { Membership, Subject } from "./subject.ts";

/** A group's own addresses, wherever a rule names it. */
function group({ group: id, addresses }: Conditions, look: Look): Offer[] {
  return factsOf(look, "uses", id).map((tier0) => piece(tier0, "group", id, { addresses: [...addresses] }));
}

/** A VM's part in groups, and which policies guard it. */
function subject(it: Subject, look: Look): Offer[] {
  const membership = factAt(look, "membership", it.vm) ?? new Map();
  return [...members(it, membership, look), ...guards(it, membership, look)];
}

/** Members without an address would say nothing. */
const members = ({ vm, interfaces }: Subject, membership: Membership, look: Look): Offer[] =>
  [...membership].flatMap(([id, its]) =>
    factsOf(look, "uses", id).flatMap((tier0) => {
      const there = interfaces.filter((one, n) => one.tier0 === tier0 && its.includes(n));
      const addresses = [...new Set(there.flatMap((one) => one.addresses))].sort();
      return addresses.length > 0 ? [piece(tier0, "member", `${id}|${vm}`, { group: id, addresses })] : [];
    }),
  );

function guards({ vm, interfaces }: Subject, membership: Membership, look: Look): Offer[] {
  const forAll = factsOf(look, "scope", ANYONE);
  const byGroup = [...membership].map(([id, its]) => ({ its, policies: factsOf(look, "scope", id) }));
  return [...new Set(interfaces.map(({ tier0 }) => tier0))].map((tier0) => {
    const isThere = (n: number) => interfaces[n]?.tier0 === tier0;
    const forGroups = byGroup.flatMap(({ its, policies }) => (its.some(isThere) ? policies : []));
    return piece(tier0, "guard", vm, { node: vm, policies: [...new Set([...forAll, ...forGroups])].sort() });
  });
}

/** A fact's key begins with its kind. */
export function recipeForFact(key: string): Recipe | undefined {
  if (key.startsWith("conditions/")) return group as Recipe;
  return key.startsWith("subject/") ? (subject as Recipe) : undefined;
}
