import { isDeepStrictEqual } from "node:util";
import { Collections } from "./collections.ts";
import { type Offer, Offers } from "./offers.ts";
import { Readers } from "./readers.ts";

/** How a recipe sees what it is made for in its surroundings. Whatever it looks at, it is asked again when that changes. */
export interface Look {
  get(key: string): unknown;
  has(key: string): boolean;
  /** Of what is in a collection, in order. */
  keys(collection: string): readonly string[];
}

/** What follows from one value. Pure but for its looks. */
export type Recipe = (value: unknown, look: Look) => readonly Offer[];

export interface GraphWorld {
  get(key: string): unknown;
  recipeFor(key: string): Recipe | undefined;
  /** Where a value is to be found but under its key; the names end in a slash. */
  collectionsOf(key: string, value: unknown): readonly string[];
  /** What is made, by whom it is for: kept here up to date. */
  readonly tables: Map<string, Map<string, unknown>>;
}

/** Something that is made anew or no more (undefined). */
export type Made = Offer;

/**
 * Makes things of values and keeps them up to date: of a change it makes anew only what follows from what changed, or
 * looked at it.
 */
export class Graph {
  readonly #world: GraphWorld;
  readonly #collections = new Collections();
  readonly #readers = new Readers();
  readonly #offers = new Offers();
  #runs = 0;

  constructor(world: GraphWorld) {
    this.#world = world;
  }

  /** How many recipes have been asked so far. */
  get runs(): number {
    return this.#runs;
  }

  keys(collection: string): readonly string[] {
    return this.#collections.keys(collection);
  }

  /** What is made of the value under a key. */
  offersOf(key: string): readonly Offer[] {
    return this.#offers.of(key);
  }

  /** After the values under these keys have changed. @returns what is really different */
  changed(keys: Iterable<string>): Made[] {
    const stale = new Set<string>();
    for (const key of keys) for (const producer of this.#touchedBy(key)) stale.add(producer);
    const touched = new Map<string, Set<string>>();
    for (const producer of stale) for (const { to, key } of this.#make(producer)) note(touched, to, key);
    return [...touched].flatMap(([to, keys]) => [...keys].flatMap((key) => this.#settle(to, key)));
  }

  /** Whom a change concerns: what is made of it, and what looked at it or a collection that it came to or left. */
  *#touchedBy(key: string): Iterable<string> {
    const value = this.#world.get(key);
    const had = this.#collections.has(key);
    const has = value !== undefined;
    const moved = this.#collections.put(key, has ? this.#world.collectionsOf(key, value) : undefined);
    yield key;
    yield* this.#readers.of(key);
    if (had !== has) yield* this.#readers.of(existence(key));
    for (const collection of moved) yield* this.#readers.of(collection);
  }

  #make(key: string): readonly Offer[] {
    const value = this.#world.get(key);
    const recipe = value === undefined ? undefined : this.#world.recipeFor(key);
    const reads = new Set<string>();
    if (recipe) this.#runs++;
    const offers = recipe?.(value, this.#lookFor(reads)) ?? [];
    this.#readers.put(key, reads);
    return this.#offers.put(key, offers);
  }

  #lookFor(reads: Set<string>): Look {
    return {
      get: (key) => {
        reads.add(key);
        return this.#world.get(key);
      },
      has: (key) => {
        reads.add(existence(key));
        return this.#collections.has(key);
      },
      keys: (collection) => {
        reads.add(collection);
        return this.#collections.keys(collection);
      },
    };
  }

  #settle(to: string, key: string): Made[] {
    const value = this.#offers.get({ to, key });
    const table = this.#world.tables.get(to) ?? new Map<string, unknown>();
    if (isDeepStrictEqual(table.get(key), value)) return [];
    if (value === undefined) table.delete(key);
    else table.set(key, value);
    if (table.size > 0) this.#world.tables.set(to, table);
    else this.#world.tables.delete(to);
    return [{ to, key, value }];
  }
}

function note(touched: Map<string, Set<string>>, to: string, key: string): void {
  const keys = touched.get(to);
  if (keys) keys.add(key);
  else touched.set(to, new Set([key]));
}

/** No key begins so. */
const existence = (key: string) => `?${key}`;
