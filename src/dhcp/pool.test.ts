import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { Pool } from "./pool.ts";

const range = (first: string, last: string) => ({ first: parseIpv4(first), last: parseIpv4(last) });

describe("Pool", () => {
  test("gives out each address once, range by range, and then none", () => {
    const pool = new Pool(
      [range("10.0.0.1", "10.0.0.3"), range("10.0.1.0", "10.0.1.1")],
      new Set([parseIpv4("10.0.0.2"), parseIpv4("9.9.9.9")]),
    );
    const given: (Ipv4 | undefined)[] = [];
    for (let n = 0; n < 5; n++) {
      const ip = pool.next();
      given.push(ip);
      if (ip !== undefined) pool.take(ip);
    }
    expect(given).toEqual([...["10.0.0.1", "10.0.0.3", "10.0.1.0", "10.0.1.1"].map(parseIpv4), undefined]);
    expect([pool.size, pool.free]).toEqual([4, 0]);
  });

  test("gives out again first what was given back first", () => {
    const pool = new Pool([range("10.0.0.1", "10.0.0.3")]);
    const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(parseIpv4);
    for (const ip of [a, b, c]) if (ip !== undefined) pool.take(ip);
    for (const ip of [c, a]) if (ip !== undefined) pool.give(ip);
    expect(pool.next()).toBe(c);
  });

  test("holds 65,536 addresses at either end of the address space", () => {
    for (const [first, last] of [
      ["255.255.0.0", "255.255.255.255"],
      ["0.0.0.0", "0.0.255.255"],
    ] as const) {
      const pool = new Pool([range(first, last)]);
      expect(pool.free).toBe(65_536);
      pool.take(parseIpv4(last));
      expect([pool.isFree(parseIpv4(last)), pool.free]).toEqual([false, 65_535]);
    }
  });

  test("agrees with a plain set, whatever is taken and given back", () => {
    const step = fc.tuple(fc.constantFrom("take", "give"), fc.nat(20));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const model = new Model();
        for (const [what, n] of steps) model.step(what, Ipv4(BASE + n));
      }),
    );
  });
});

/** Across a byte's edge. */
const BASE = parseIpv4("10.0.0.250");
const at = (n: number) => Ipv4(BASE + n);

class Model {
  readonly real = new Pool(
    [
      { first: at(2), last: at(6) },
      { first: at(10), last: at(15) },
    ],
    new Set([at(3), at(12)]),
  );
  readonly all = new Set([2, 4, 5, 6, 10, 11, 13, 14, 15].map(at));
  readonly free = new Set(this.all);

  step(what: string, ip: Ipv4) {
    if (what === "take") {
      this.real.take(ip);
      this.free.delete(ip);
    } else {
      this.real.give(ip);
      if (this.all.has(ip)) this.free.add(ip);
    }
    expect(this.real.free).toBe(this.free.size);
    expect(this.real.isFree(ip)).toBe(this.free.has(ip));
    expect(this.real.includes(ip)).toBe(this.all.has(ip));
    const next = this.real.next();
    expect(next === undefined ? this.free.size === 0 : this.free.has(next)).toBe(true);
  }
}
