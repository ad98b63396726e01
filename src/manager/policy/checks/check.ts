import type { Claims } from "../claims.ts";
import type { Draft } from "../draft.ts";
import { type KindName, kindOf, kinds, type ObjectOf } from "../kinds.ts";

/** Something that does not fit with what else there will be. */
export interface Finding {
  /** The object that it is about; it need not be one that was edited. */
  readonly path: string;
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
}

/** An object that an edit creates, changes or removes. */
export interface Edited<K extends KindName> {
  readonly path: string;
  readonly before: ObjectOf<K> | undefined;
  readonly after: ObjectOf<K> | undefined;
}

/** What checks look at: the documents as they will be, and which of them are new. Cost goes with the latter. */
export class Scope {
  readonly draft: Draft;
  readonly #edited = new Map<KindName, Edited<KindName>[]>();
  /** All of them. */
  readonly edited: readonly (Edited<KindName> & { readonly kind: KindName })[];

  constructor(draft: Draft) {
    this.draft = draft;
    this.edited = [...draft.writes()].flatMap(([path, after]) => {
      const kind = kindOf(path);
      const before = draft.before(path) as ObjectOf<KindName> | undefined;
      return kind ? [{ path, kind, before, after: after as ObjectOf<KindName> | undefined }] : [];
    });
    for (const one of this.edited) {
      const others = this.#edited.get(one.kind);
      if (others) others.push(one);
      else this.#edited.set(one.kind, [one]);
    }
  }

  of<K extends KindName>(kind: K): readonly Edited<K>[] {
    return (this.#edited.get(kind) ?? []) as readonly Edited<K>[];
  }

  /** Those that will be there. */
  present<K extends KindName>(kind: K): readonly (readonly [path: string, object: ObjectOf<K>])[] {
    return this.of(kind).flatMap(({ path, after }) => (after ? [[path, after] as const] : []));
  }

  object<K extends KindName>(_kind: K, path: string): ObjectOf<K> | undefined {
    return this.draft.get(path) as ObjectOf<K> | undefined;
  }

  /** The objects of a kind right below another. */
  below<K extends KindName>(kind: K, parent: string): (readonly [path: string, object: ObjectOf<K>])[] {
    const collection = kinds[kind].path.split("/").slice(4, -1).join("/");
    return [...this.draft.under(`${parent}/${collection}/`)] as [string, ObjectOf<K>][];
  }
}

export type Check = (scope: Scope) => Iterable<Finding>;

/** Another object that makes a claim, as people name it. */
export function rival(claims: Claims, claim: string, path: string): string | undefined {
  for (const holder of claims.holders(claim)) if (holder !== path) return holder;
  return undefined;
}
