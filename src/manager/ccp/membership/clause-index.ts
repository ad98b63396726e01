import { Multimap } from "../multimap.ts";
import type { Clause, Conditions } from "./conditions.ts";
import { facetOf, facetsOf, fits } from "./match.ts";
import type { Interface } from "./subject.ts";

interface Entry {
  readonly group: string;
  readonly clause: Clause;
}

/** Finds the groups of an interface among very many, of which most ask for another tag or name. */
export class ClauseIndex {
  readonly #byFacet = new Multimap<string, Entry>();
  readonly #byGroup = new Map<string, readonly (readonly [facet: string, Entry])[]>();

  put(group: string, conditions: Conditions | undefined): void {
    for (const [facet, entry] of this.#byGroup.get(group) ?? []) this.#byFacet.delete(facet, entry);
    this.#byGroup.delete(group);
    if (!conditions) return;
    const entries = conditions.clauses.map((clause) => [facetFor(clause), { group, clause }] as const);
    for (const [facet, entry] of entries) this.#byFacet.add(facet, entry);
    this.#byGroup.set(group, entries);
  }

  groupsOf(one: Interface): Set<string> {
    const found = new Set<string>();
    for (const facet of [...facetsOf(one), UNINDEXED])
      for (const { group, clause } of this.#byFacet.get(facet))
        if (!found.has(group) && fits(clause, one)) found.add(group);
    return found;
  }
}

/** Where clauses are that have to be tried on everything. */
const UNINDEXED = "";

/** The term that fewest can be expected to fit: one about the least thing. */
function facetFor(clause: Clause): string {
  const facets = clause.flatMap((term) => facetOf(term) ?? []);
  return facets.find((facet) => !facet.startsWith("Segment ")) ?? facets[0] ?? UNINDEXED;
}
