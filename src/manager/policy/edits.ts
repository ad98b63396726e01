import { PcgError } from "../../base/error.ts";
import type { Flaw } from "../../model/flaw.ts";
import type { Documents, Writes } from "../state/documents.ts";
import { chooseVnis } from "./checks/vni.ts";
import { crossCheck } from "./cross-check.ts";
import { Draft } from "./draft.ts";
import { formFlaws, isRecord, join, shown } from "./form.ts";
import { hasRules, rulesPrefix, withoutRules } from "./inline-rules.ts";
import { idIn, type KindName, kindOf, kinds } from "./kinds.ts";
import { MOST_FLAWS, refuse } from "./refusal.ts";
import { type Author, type Fields, ownFields, revisionOf, stored } from "./stored.ts";

type How = "put" | "patch";

/** What is edited, and where it stands in what was sent. */
export interface Edit {
  readonly path: string;
  readonly body: unknown;
  readonly at: string;
}

/** Several edits that become one change, or none: nothing is written unless all of it is sound. */
export class Edits {
  readonly #draft: Draft;
  readonly #author: Author;
  readonly #places = new Map<string, string>();
  readonly #flaws: Flaw[] = [];

  constructor(documents: Documents, author: Author) {
    this.#draft = new Draft(documents);
    this.#author = author;
  }

  /** @throws MANAGER_NOT_FOUND, MANAGER_CONFLICT; what is wrong with its form is said by {@link finish} */
  put(edit: Edit): void {
    this.#write(edit, "put");
  }

  /** @throws as {@link put} */
  patch(edit: Edit): void {
    this.#write(edit, "patch");
  }

  /** With all below it. @throws MANAGER_NOT_FOUND, MANAGER_CONFLICT */
  remove(path: string, revision?: number): void {
    const there = this.#there(path);
    if (!there) throw new PcgError("MANAGER_NOT_FOUND", { path, why: "there is nothing to remove" });
    if (revision !== undefined) agree(path, revision, there);
    for (const [key] of [...this.#draft.under(`${path}/`)]) this.#draft.set(key, undefined);
    this.#draft.set(path, undefined);
  }

  has(path: string): boolean {
    return this.#there(path) !== undefined;
  }

  /** Something is wrong with the form of what was sent. */
  flaw(...flaws: readonly Flaw[]): void {
    this.#add(flaws);
  }

  /** @throws MANAGER_BAD_REQUEST, MANAGER_REFUSED, MANAGER_IN_USE, MANAGER_NOT_FOUND */
  finish(): Writes {
    refuse("MANAGER_BAD_REQUEST", this.#flaws);
    chooseVnis(this.#draft);
    crossCheck(this.#draft, this.#places);
    return this.#draft.writes();
  }

  /** A body may be wrong in a million places. */
  #add(flaws: readonly Flaw[]): void {
    for (const flaw of flaws.slice(0, MOST_FLAWS - this.#flaws.length)) this.#flaws.push(flaw);
  }

  #there(path: string): Fields | undefined {
    return this.#draft.get(path) as Fields | undefined;
  }

  #write({ path, body, at }: Edit, how: How): void {
    const kind = kindAt(path);
    if (!isRecord(body)) {
      this.flaw({ field: at, value: shown(body), why: "must be an object" });
      return;
    }
    if (!hasRules(kind)) {
      this.#writeOne({ path, body, at }, kind, how);
      return;
    }
    const { fields, rules, flaws } = withoutRules(path, body, at);
    this.#add(flaws);
    this.#writeOne({ path, body: fields, at }, kind, how);
    if (how === "put" && rules) this.#keepOnly(rulesPrefix(path), new Set(rules.map((rule) => rule.path)));
    for (const rule of rules ?? []) this.#write(rule, how);
  }

  #keepOnly(prefix: string, named: ReadonlySet<string>): void {
    for (const [key] of [...this.#draft.under(prefix)]) if (!named.has(key)) this.#draft.set(key, undefined);
  }

  #writeOne({ path, body, at }: Edit & { readonly body: Fields }, kind: KindName, how: How): void {
    const before = this.#there(path);
    const { id, resource_type, _revision: revision } = body;
    const fields = fieldsAfter(before, body, how);
    const named = definedOf({ id, resource_type, _revision: revision });
    const flaws = [
      ...formFlaws(kind, { ...fields, ...named }, at),
      ...nameFlaws(path, body, at),
      ...nullFlaws(kind, body, at),
    ];
    this.#add(flaws);
    if (flaws.length > 0) return;
    agreeToWrite(path, revision as number | undefined, { before, how, at });
    this.#places.set(path, at);
    this.#draft.set(path, stored(path, kind, keptVni(kind, fields, before), { before, author: this.#author }));
  }
}

/** @throws MANAGER_NOT_FOUND */
export function kindAt(path: string): KindName {
  const kind = kindOf(path);
  if (kind) return kind;
  throw new PcgError("MANAGER_NOT_FOUND", {
    path,
    why: "no object can be there; ids are letters, digits, dots, dashes and underscores, 63 at most",
  });
}

const definedOf = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** PATCH merges the fields themselves, not what is in them; null takes one out. */
function fieldsAfter(before: Fields | undefined, body: Fields, how: How): Fields {
  if (how === "put") return ownFields(body);
  const merged = { ...(before && ownFields(before)), ...ownFields(body) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

function nameFlaws(path: string, { id }: Fields, at: string): Flaw[] {
  const wanted = idIn(path);
  return id === undefined || id === wanted || typeof id !== "string"
    ? []
    : [{ field: join(at, "id"), value: id, why: `must be ${wanted}, as in the path, or left out` }];
}

/** What no object of the kind has cannot be taken out of one: it was mistyped. */
function nullFlaws(kind: KindName, body: Fields, at: string): Flaw[] {
  const known = kinds[kind].schema.properties;
  return Object.entries(body)
    .filter(([name, value]) => value === null && !Object.hasOwn(known, name))
    .map(([name]) => ({ field: join(at, name), value: null, why: "no such field" }));
}

/** A segment keeps the VNI it has where none is named: packets are on their way with it. */
function keptVni(kind: KindName, fields: Fields, before: Fields | undefined): Fields {
  const vni = before?.["overlay_id"];
  return kind !== "Segment" || vni === undefined ? fields : { overlay_id: vni, ...fields };
}

interface There {
  readonly before: Fields | undefined;
  readonly how: How;
  readonly at: string;
}

/** @throws MANAGER_CONFLICT */
function agreeToWrite(path: string, revision: number | undefined, { before, how, at }: There): void {
  if (revision !== undefined) agree(path, revision, before);
  // A rule inside its policy goes by the policy's revision.
  else if (before && how === "put" && !/(^|\.)rules\[\d+\]$/.test(at))
    throw new PcgError("MANAGER_CONFLICT", {
      path,
      field: "_revision",
      why: `is missing; the object is there already: read it, and send its _revision, now ${revisionOf(before)}`,
    });
}

/** @throws MANAGER_CONFLICT */
function agree(path: string, revision: number, there: Fields | undefined): void {
  if (there && revisionOf(there) === revision) return;
  throw new PcgError("MANAGER_CONFLICT", {
    path,
    field: "_revision",
    value: revision,
    why: there
      ? `is now ${revisionOf(there)}; read the object again and repeat the change on that`
      : "there is no such object now; leave _revision out to create it",
  });
}
