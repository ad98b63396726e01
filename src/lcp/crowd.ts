/** Members by the source that they came from. Which source has the most members is known at once. */
export class Crowd<M> {
  readonly #bySource = new Map<string, Set<M>>();
  /** Sources by their number of members, from one on. The source that reached its number first stands first. */
  readonly #byCount: Set<string>[] = [];

  /** The members of a source, in the order in which they came. */
  of(source: string): ReadonlySet<M> {
    return this.#bySource.get(source) ?? NOBODY;
  }

  add(source: string, member: M): void {
    const its = this.#bySource.get(source) ?? new Set<M>();
    const before = its.size;
    this.#bySource.set(source, its.add(member));
    this.#counted(source, before, its.size);
  }

  delete(source: string, member: M): void {
    const its = this.#bySource.get(source);
    const before = its?.size ?? 0;
    if (!its?.delete(member)) return;
    if (its.size === 0) this.#bySource.delete(source);
    this.#counted(source, before, its.size);
  }

  /** The source that has the most members. Undefined: no source has as many as `least`. */
  heaviest(least: number): string | undefined {
    if (this.#byCount.length < least) return undefined;
    return firstOf(this.#byCount.at(-1) ?? new Set<string>());
  }

  #counted(source: string, before: number, now: number): void {
    if (before === now) return;
    this.#byCount[before - 1]?.delete(source);
    if (now > 0) {
      const same = this.#byCount[now - 1] ?? new Set<string>();
      this.#byCount[now - 1] = same.add(source);
    }
    while (this.#byCount.at(-1)?.size === 0) this.#byCount.pop();
  }
}

const NOBODY: ReadonlySet<never> = new Set<never>();

export function firstOf<M>(members: ReadonlySet<M>): M | undefined {
  const [first] = members;
  return first;
}
