import { inOrder, type ResourceId } from "../../lcp/resource.ts";
import { idIn, kindOf, parentOf } from "../policy/kinds.ts";
import type { Documents } from "../state/documents.ts";
import type { Compiling, Delta, Piece } from "../state/runtime.ts";
import { collectionsOfDocument } from "./document-keys.ts";
import { FACTS, factKey, factsOf } from "./facts.ts";
import { Graph, type Made } from "./graph.ts";
import { Memberships } from "./membership/memberships.ts";
import { recipeForFact } from "./membership/recipes.ts";
import type { Offer } from "./offers.ts";
import { AGENTS } from "./recipes/agent-certificate.ts";
import { recipeForDocument } from "./recipes/recipes.ts";
import { TIER0S } from "./tree.ts";

/** What is compiled; no other documents matter. */
const ROOTS = ["/infra/", "/leases/", AGENTS] as const;

const isPiece = ({ to }: Offer) => to !== FACTS;

const NOTHING: ReadonlyMap<ResourceId, Piece> = new Map();

/**
 * Policy into runtime state, in three steps, each of which does only what a change asks for: documents make pieces, and
 * facts for the rest; VMs and groups among the facts make memberships; facts and memberships make the pieces of groups,
 * their members and the VMs' guards.
 */
export class Compiler implements Compiling {
  /** By Tier-0, and the facts. */
  readonly #tables = new Map<string, Map<string, unknown>>();
  readonly #tree: Graph;
  readonly #memberships: Memberships;
  readonly #security: Graph;

  /** @param documents sound; may change if {@link changed} is told then */
  constructor(documents: Documents) {
    const tables = this.#tables;
    const facts = { get: (key: string) => tables.get(FACTS)?.get(key) };
    const memberships = new Memberships(facts);
    this.#memberships = memberships;
    this.#tree = new Graph({
      get: (key) => documents.get(key),
      recipeFor: recipeForDocument,
      collectionsOf: collectionsOfDocument,
      tables,
    });
    this.#security = new Graph({
      get: (key) => (key.startsWith(MEMBERSHIP) ? memberships.get(idIn(key)) : facts.get(key)),
      recipeFor: recipeForFact,
      collectionsOf: (key) => [key.slice(0, key.lastIndexOf("/") + 1)],
      tables,
    });
    this.#make(ROOTS.flatMap((root) => [...documents.under(root)].map(([key]) => key)));
  }

  /** After the documents under these keys have changed. @returns what is different now, and nothing that is not */
  changed(keys: Iterable<string>): Delta[] {
    const pieces = this.#make([...keys].filter((key) => ROOTS.some((root) => key.startsWith(root))));
    pieces.sort((a, b) => inOrder(a.key as ResourceId, b.key as ResourceId));
    return [...Map.groupBy(pieces, ({ to }) => to)].map(([tier0, its]) => ({
      tier0,
      upserts: its.flatMap(({ value }) => (value === undefined ? [] : [value as Piece])),
      deletes: its.flatMap(({ key, value }) => (value === undefined ? [key as ResourceId] : [])),
    }));
  }

  tier0s(): Iterable<string> {
    return this.#tree.keys(TIER0S).map(idIn);
  }

  /** The runtime state of a Tier-0. */
  table(tier0: string): ReadonlyMap<ResourceId, Piece> {
    return (this.#tables.get(tier0) as ReadonlyMap<ResourceId, Piece> | undefined) ?? NOTHING;
  }

  /** The ids of a Tier-0's gateways. */
  gatewaysOf(tier0: string): readonly string[] {
    return factsOf(this.#security, "gateway", tier0);
  }

  /** What there is of an object, by Tier-0; of a group not its members, of a rule its policy if it is only in there. */
  outputsOf(path: string): readonly { readonly tier0: string; readonly id: ResourceId }[] {
    return [
      ...this.#tree.offersOf(path),
      ...this.#tree.offersOf(holderOf(path)),
      ...this.#security.offersOf(factOf(path)),
    ]
      .filter(isPiece)
      .map(({ to, key }) => ({ tier0: to, id: key as ResourceId }));
  }

  /** How many recipes have been asked so far: what the work is measured by. */
  get runs(): number {
    return this.#tree.runs + this.#security.runs;
  }

  #make(keys: readonly string[]): Made[] {
    const first = this.#tree.changed(keys);
    const facts = first.filter((made) => !isPiece(made)).map(({ key }) => key);
    const members = this.#memberships.changed(facts);
    return [...first.filter(isPiece), ...this.#security.changed([...facts, ...members])];
  }
}

const MEMBERSHIP = factKey("membership", "");

/** Rules of the distributed firewall are in the piece of their policy. */
const holderOf = (path: string): string => (kindOf(path) === "Rule" ? (parentOf(path) ?? "") : "");

/** The fact an object becomes. */
function factOf(path: string): string {
  switch (kindOf(path)) {
    case "Group":
      return factKey("conditions", idIn(path));
    case "VirtualMachine":
      return factKey("subject", idIn(path));
    default:
      return "";
  }
}
