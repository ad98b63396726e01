import { isDeepStrictEqual } from "node:util";
import { factAt, factKey, partsOf } from "../facts.ts";
import { ClauseIndex } from "./clause-index.ts";
import type { Conditions } from "./conditions.ts";
import { fits } from "./match.ts";
import type { Interface, Membership, Subject } from "./subject.ts";

const NONE: Membership = new Map();

/**
 * Which VM is in which groups. Of a change it looks again only at what changed: a VM with all groups, a group with all
 * VMs.
 */
export class Memberships {
  readonly #facts: { get(key: string): unknown };
  readonly #index = new ClauseIndex();
  readonly #subjects = new Map<string, Subject>();
  readonly #of = new Map<string, Membership>();

  /** @param facts where subjects and conditions are to be read */
  constructor(facts: { get(key: string): unknown }) {
    this.#facts = facts;
  }

  get(vm: string): Membership | undefined {
    return this.#of.get(vm);
  }

  /** After these facts have changed. @returns the keys of memberships that are different now */
  changed(facts: Iterable<string>): string[] {
    const groups = new Map<string, Conditions | undefined>();
    const vms = new Set<string>();
    for (const key of facts) {
      const [kind, name = ""] = partsOf(key);
      if (kind === "conditions") groups.set(name, factAt(this.#facts, "conditions", name));
      if (kind === "subject") vms.add(name);
    }
    for (const [group, conditions] of groups) this.#index.put(group, conditions);
    const others = groups.size === 0 ? [] : [...this.#subjects.keys()].filter((vm) => !vms.has(vm));
    return [...[...vms].filter((vm) => this.#look(vm)), ...others.filter((vm) => this.#lookFor(vm, groups))].map((vm) =>
      factKey("membership", vm),
    );
  }

  /** At one VM with all groups. @returns whether something is different */
  #look(vm: string): boolean {
    const subject = factAt(this.#facts, "subject", vm);
    if (subject) this.#subjects.set(vm, subject);
    else this.#subjects.delete(vm);
    const found = new Map<string, number[]>();
    for (const [n, one] of (subject?.interfaces ?? []).entries())
      for (const group of this.#index.groupsOf(one)) found.set(group, [...(found.get(group) ?? []), n]);
    return this.#set(vm, found);
  }

  /** At one VM with these groups. @returns whether something is different */
  #lookFor(vm: string, groups: ReadonlyMap<string, Conditions | undefined>): boolean {
    const interfaces = this.#subjects.get(vm)?.interfaces ?? [];
    const before = this.#of.get(vm) ?? NONE;
    const found = [...groups].map(([group, conditions]) => [group, fitting(interfaces, conditions)] as const);
    const different = found.filter(([group, its]) => !isDeepStrictEqual(before.get(group) ?? [], its));
    if (different.length === 0) return false;
    const now = new Map([...before, ...different]);
    return this.#set(vm, new Map([...now].filter(([, its]) => its.length > 0)));
  }

  #set(vm: string, now: Membership): boolean {
    if (isDeepStrictEqual(this.#of.get(vm) ?? NONE, now)) return false;
    if (now.size > 0) this.#of.set(vm, now);
    else this.#of.delete(vm);
    return true;
  }
}

/** Which of them fit. */
const fitting = (interfaces: readonly Interface[], conditions: Conditions | undefined): number[] =>
  interfaces.flatMap((one, n) => (conditions?.clauses.some((clause) => fits(clause, one)) ? [n] : []));
