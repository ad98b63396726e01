import type { Clock } from "../base/clock.ts";
import type { Admission, Asking, Turn } from "./publication.ts";

interface Limits {
  /** Snapshots under way at once. */
  readonly most: number;
  readonly perSecond: number;
  /** Who is turned away comes again after so many milliseconds, at random between the two. */
  readonly retryMs: readonly [number, number];
}

const usualLimits: Limits = { most: 64, perSecond: 50, retryMs: [5_000, 60_000] };

/** For few receivers. */
export const unlimited: Admission = { begin: () => ({ isOn: () => true, waits: false, end: () => undefined }) };

/** Where the line is longer than that, come again later. */
const WAIT_MS = 5_000;
/** While others wait, whoever has taken nothing for so long gives its place away. */
export const PATIENCE_MS = 1_000;
/** While others wait, nobody keeps a place for longer, however much it takes. */
export const SLICE_MS = 5_000;

/**
 * Lets so many snapshots be under way that those are soon done: after a restart all receivers come at once. Others wait
 * in line, and are turned away where it is long.
 *
 * @param random from 0 to less than 1
 */
export const limitSnapshots = (clock: Clock, random: () => number, limits = usualLimits): Admission =>
  new SnapshotLine(clock, random, limits);

/**
 * Places, and the line of those who wait for one. Who takes nothing has to give its place to the next, but not its
 * snapshot: it goes on from there when it is its turn again. As many are kept so as there are places.
 */
class SnapshotLine implements Admission {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #limits: Limits;
  readonly #waiting = new Set<Place>();
  readonly #on = new Set<Place>();
  /** Begun, and without a place now. */
  readonly #interrupted = new Set<Place>();
  #tokens: number;
  #filledAt: number;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, random: () => number, limits: Limits) {
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
    this.#tokens = limits.perSecond;
    this.#filledAt = clock.now();
  }

  begin(asking: Asking): Turn | { readonly retryAfterMs: number } {
    if (this.#waiting.size >= (this.#limits.perSecond * WAIT_MS) / 1_000) return { retryAfterMs: this.#retryMs() };
    const place = new Place(this, asking);
    this.#waiting.add(place);
    this.#serve(place);
    return place;
  }

  isOn(place: Place): boolean {
    if (place.is("interrupted")) {
      place.state = "waiting";
      this.#waiting.add(place);
      this.#serve(place);
    }
    if (!place.is("on")) return false;
    place.heardAt = this.#clock.now();
    return true;
  }

  leave(place: Place): void {
    if (place.is("over")) return;
    this.#forget(place);
    this.#serve();
  }

  /** @param asking who need not be called */
  #serve(asking?: Place): void {
    this.#cancel();
    const now = this.#clock.now();
    this.#refill(now);
    for (const place of this.#waiting) {
      const dueMs = this.#dueIn(place, now);
      if (dueMs > 0) {
        // At once would be never, where the rest of a token is less than what time can tell.
        this.#cancel = this.#clock.after(Math.max(1, dueMs), () => this.#serve());
        return;
      }
      if (!place.hasBegun) this.#tokens--;
      this.#put(place, now);
      if (place !== asking) place.asking.called();
    }
  }

  #refill(now: number): void {
    const { perSecond } = this.#limits;
    this.#tokens = Math.min(perSecond, this.#tokens + ((now - this.#filledAt) * perSecond) / 1_000);
    this.#filledAt = now;
  }

  /** Milliseconds until a place is to be had for the first in line, if nobody leaves. To begin costs, to go on does not. */
  #dueIn({ hasBegun }: Place, now: number): number {
    const { most, perSecond } = this.#limits;
    const tokenMs = hasBegun ? 0 : ((1 - this.#tokens) * 1_000) / perSecond;
    const placeMs = this.#on.size < most ? 0 : this.#overdue().until - now;
    return Math.max(0, tokenMs, placeMs);
  }

  #put(place: Place, now: number): void {
    this.#waiting.delete(place);
    this.#interrupted.delete(place);
    if (this.#on.size >= this.#limits.most) this.#interrupt(this.#overdue().place);
    this.#on.add(place);
    place.state = "on";
    place.hasBegun = true;
    place.since = now;
    place.heardAt = now;
  }

  /** Who has to give its place away first. */
  #overdue(): { readonly place: Place | undefined; readonly until: number } {
    let first: Place | undefined;
    for (const place of this.#on) if (!first || place.until < first.until) first = place;
    return { place: first, until: first?.until ?? 0 };
  }

  #interrupt(place: Place | undefined): void {
    if (!place) return;
    this.#on.delete(place);
    place.state = "interrupted";
    this.#interrupted.add(place);
    if (this.#interrupted.size <= this.#limits.most) return;
    const all = [...this.#interrupted];
    const last = all.find((one) => one.is("interrupted")) ?? place;
    this.#forget(last);
    last.asking.sentAway(this.#retryMs());
  }

  #forget(place: Place): void {
    for (const places of [this.#waiting, this.#on, this.#interrupted]) places.delete(place);
    place.state = "over";
  }

  #retryMs(): number {
    const [soonest, latest] = this.#limits.retryMs;
    return soonest + this.#random() * (latest - soonest);
  }
}

type State = "waiting" | "on" | "interrupted" | "over";

class Place implements Turn {
  readonly asking: Asking;
  readonly #line: SnapshotLine;
  state: State = "waiting";
  /** It was on before. */
  hasBegun = false;
  since = 0;
  heardAt = 0;

  constructor(line: SnapshotLine, asking: Asking) {
    this.#line = line;
    this.asking = asking;
  }

  is(state: State): boolean {
    return this.state === state;
  }

  /** When it has to give its place away, if others wait. */
  get until(): number {
    return Math.min(this.heardAt + PATIENCE_MS, this.since + SLICE_MS);
  }

  get waits(): boolean {
    return this.is("waiting");
  }

  isOn(): boolean {
    return this.#line.isOn(this);
  }

  end(): void {
    this.#line.leave(this);
  }
}
