import { idOf, type Resource, type ResourceId } from "./resource.ts";

/** How resources hang together. */
export interface References {
  /** What a resource cannot be used without. */
  needs(resource: Resource): readonly ResourceId[];
  /** What it is a part of: whom that concerns, it concerns as well. */
  partOf(resource: Resource): readonly ResourceId[];
  /** The receivers whose own it is. */
  homes(resource: Resource): readonly string[];
  /** What concerns those besides: what many share and each has a say of its own about. */
  leads(resource: Resource): readonly ResourceId[];
}

/** What is in a span, and what would be if it existed. */
export interface Reach {
  readonly ids: ReadonlySet<ResourceId>;
  readonly missing: ReadonlySet<ResourceId>;
}

/** The resources of a table by how they hang together. */
export class SpanIndex {
  readonly #references: References;
  readonly #known = new Map<ResourceId, Resource>();
  readonly #parts = new Map<ResourceId, Set<ResourceId>>();
  readonly #own = new Map<string, Set<ResourceId>>();

  constructor(references: References) {
    this.#references = references;
  }

  put(resource: Resource): void {
    const id = idOf(resource);
    this.remove(id);
    this.#known.set(id, resource);
    for (const whole of this.#references.partOf(resource)) add(this.#parts, whole, id);
    for (const home of this.#references.homes(resource)) add(this.#own, home, id);
  }

  remove(id: ResourceId): void {
    const resource = this.#known.get(id);
    if (!resource) return;
    this.#known.delete(id);
    for (const whole of this.#references.partOf(resource)) drop(this.#parts, whole, id);
    for (const home of this.#references.homes(resource)) drop(this.#own, home, id);
  }

  get(id: ResourceId): Resource | undefined {
    return this.#known.get(id);
  }

  wholesOf(id: ResourceId): readonly ResourceId[] {
    const resource = this.#known.get(id);
    return resource ? this.#references.partOf(resource) : [];
  }

  homesOf(id: ResourceId): readonly string[] {
    const resource = this.#known.get(id);
    return resource ? this.#references.homes(resource) : [];
  }

  /** Where a receiver's span begins: what its own resources are parts of, or they themselves, and where they lead. */
  rootsOf(receiver: string): ResourceId[] {
    const roots = [...(this.#own.get(receiver) ?? [])].flatMap((id) => {
      const wholes = this.wholesOf(id);
      const resource = this.#known.get(id);
      return [...(wholes.length > 0 ? wholes : [id]), ...(resource ? this.#references.leads(resource) : [])];
    });
    return [...new Set(roots)].sort();
  }

  /** A root, its parts, what those need, and so on. */
  reachOf(root: ResourceId): Reach {
    const ids = new Set<ResourceId>();
    const missing = new Set<ResourceId>();
    const open = [root];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const resource = this.#known.get(id);
      if (!resource) missing.add(id);
      if (!resource || ids.has(id)) continue;
      ids.add(id);
      open.push(...this.#references.needs(resource));
      for (const part of this.#parts.get(id) ?? []) open.push(part);
    }
    return { ids, missing };
  }
}

function add<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const found = map.get(key) ?? new Set();
  map.set(key, found.add(value));
}

function drop<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const found = map.get(key);
  found?.delete(value);
  if (found?.size === 0) map.delete(key);
}
