import type { Ipv4 } from "../net/ipv4.ts";
import type { AddressRange } from "../net/prefix.ts";

/**
 * The addresses of one segment that nobody has. Taking any, taking one in particular and giving back cost the same
 * however many there are. What was given back longest ago is given out first, so that a client that comes back has
 * the best chance of its former address.
 */
export class Pool {
  readonly #ranges: readonly FreeList[];

  /** @param never addresses in the ranges that are not the pool's to give */
  constructor(ranges: readonly AddressRange[], never: ReadonlySet<Ipv4> = new Set()) {
    this.#ranges = ranges.map((range) => new FreeList(range, never));
  }

  /** Addresses in all, free or not. */
  get size(): number {
    return this.#ranges.reduce((sum, { size }) => sum + size, 0);
  }

  get free(): number {
    return this.#ranges.reduce((sum, { free }) => sum + free, 0);
  }

  /** Whether it is one of the pool's addresses, free or not. */
  includes(ip: Ipv4): boolean {
    return this.#listOf(ip)?.includes(ip) ?? false;
  }

  isFree(ip: Ipv4): boolean {
    return this.#listOf(ip)?.isFree(ip) ?? false;
  }

  /** The address to give out next. It stays free until it is taken. */
  next(): Ipv4 | undefined {
    return this.#ranges.find(({ free }) => free > 0)?.next();
  }

  /** No effect on an address that is not free. */
  take(ip: Ipv4): void {
    this.#listOf(ip)?.take(ip);
  }

  /** No effect on an address that is free already or not the pool's. */
  give(ip: Ipv4): void {
    this.#listOf(ip)?.give(ip);
  }

  #listOf(ip: Ipv4): FreeList | undefined {
    return this.#ranges.find(({ range }) => ip >= range.first && ip <= range.last);
  }
}

/** Marks in the list of who follows whom. */
const TAKEN = -1;
const FOREIGN = -2;

/** A ring through the free addresses of one range; the place after the last address is its head. */
class FreeList {
  readonly range: AddressRange;
  readonly #head: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  size = 0;
  free = 0;

  constructor(range: AddressRange, never: ReadonlySet<Ipv4>) {
    this.range = range;
    this.#head = range.last - range.first + 1;
    this.#next = new Int32Array(this.#head + 1).fill(TAKEN);
    this.#previous = new Int32Array(this.#head + 1);
    this.#next[this.#head] = this.#head;
    this.#previous[this.#head] = this.#head;
    for (const ip of never) if (ip >= range.first && ip <= range.last) this.#next[ip - range.first] = FOREIGN;
    for (let ip = range.first; ip <= range.last; ip = (ip + 1) as Ipv4) {
      if (!this.includes(ip)) continue;
      this.size++;
      this.give(ip);
    }
  }

  includes(ip: Ipv4): boolean {
    return this.#next[ip - this.range.first] !== FOREIGN;
  }

  isFree(ip: Ipv4): boolean {
    return (this.#next[ip - this.range.first] ?? TAKEN) >= 0;
  }

  next(): Ipv4 {
    return (this.range.first + (this.#next[this.#head] ?? 0)) as Ipv4;
  }

  take(ip: Ipv4): void {
    if (!this.isFree(ip)) return;
    const at = ip - this.range.first;
    const [before, after] = [this.#previous[at] ?? 0, this.#next[at] ?? 0];
    this.#next[before] = after;
    this.#previous[after] = before;
    this.#next[at] = TAKEN;
    this.free--;
  }

  give(ip: Ipv4): void {
    const at = ip - this.range.first;
    if (this.#next[at] !== TAKEN) return;
    const last = this.#previous[this.#head] ?? this.#head;
    this.#next[last] = at;
    this.#previous[at] = last;
    this.#next[at] = this.#head;
    this.#previous[this.#head] = at;
    this.free++;
  }
}
