import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { Renewal, type Validity } from "./renewal.ts";

const DAY_MS = 86_400_000;

/** A node whose certificate lasts a day from the start. */
function node(random: number, renews: "always" | "never" | "by hand" = "always") {
  const clock = new VirtualClock();
  const renewed: number[] = [];
  const said: string[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (text: string) => void said.push(text) };
  const good = () => ({ from: clock.wall(), until: clock.wall() + DAY_MS });
  const renew = () => {
    renewed.push(clock.now());
    return renews === "always" ? Promise.resolve(good()) : Promise.reject(new Error("no manager"));
  };
  const world = { clock, log, random: () => random, renew: renews === "by hand" ? () => undefined : renew };
  const renewal = new Renewal(good(), world);
  renewal.start();
  /** A step at a time, so that what was promised comes true between. */
  const pass = async (ms: number, step = 60_000) => {
    for (let left = ms; left > 0; left -= step) {
      clock.advance(Math.min(step, left));
      await Promise.resolve().then(() => undefined);
    }
  };
  return { clock, renewal, renewed, said, pass };
}

test.each([
  { random: 0, part: 0.4 },
  { random: 0.5, part: 0.5 },
  { random: 0.999, part: 0.5998 },
])("a certificate is renewed when $part of its life is over, by chance $random", async ({ random, part }) => {
  const { renewed, pass } = node(random);
  await pass(DAY_MS * part - 1_000);
  expect(renewed).toEqual([]);
  await pass(2_000);
  expect(renewed).toHaveLength(1);
  await pass(DAY_MS * part - 2_000);
  expect(renewed).toHaveLength(1);
});

test("what cannot be renewed is tried again once a minute at the most seldom, and said loud when it is over", async () => {
  const { renewal, renewed, said, pass } = node(0.9, "never");
  await pass(DAY_MS - 60_000);
  expect(renewed.length).toBeGreaterThan(6 * 60);
  expect(renewal.status).toMatchObject({ expired: false, lastError: "no manager" });
  expect(said).toEqual([]);
  await pass(3 * 60_000);
  expect(renewal.status).toMatchObject({ expired: true });
  expect(said).toHaveLength(1);
});

test("a certificate that somebody laid there is not renewed, but it is said when it is over", async () => {
  const { renewal, said, pass } = node(0.5, "by hand");
  await pass(DAY_MS + 60_000);
  expect(renewal.status).toMatchObject({ expired: true, lastError: null });
  expect(said).toHaveLength(1);
});

test("certificates that are over when they come are asked for no more than once a second", async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const renew = async () => {
    asked++;
    return { from: 0, until: 1 };
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  new Renewal({ from: 0, until: 1 }, { clock, log, random: () => 0, renew }).start();
  for (let ms = 0; ms < 10_000; ms += 100) {
    clock.advance(100);
    await Promise.resolve().then(() => undefined);
  }
  expect(asked).toBeLessThanOrEqual(11);
});

test("replaced counts from then on: what was under way does not, and the next is due in its own time", async () => {
  const clock = new VirtualClock();
  const coming: ((validity: Validity) => void)[] = [];
  const renew = () => new Promise<Validity>((resolve) => void coming.push(resolve));
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const good = () => ({ from: clock.wall(), until: clock.wall() + DAY_MS });
  const renewal = new Renewal(good(), { clock, log, random: () => 0.5, renew });
  renewal.start();
  clock.advance(DAY_MS / 2);
  const late = good();
  clock.advance(1_000);
  const its = good();
  renewal.replaced(its);
  coming[0]?.(late);
  await Promise.resolve().then(() => undefined);
  expect(renewal.status.until).toBe(new Date(its.until).toISOString());
  clock.advance(DAY_MS / 2 - 1);
  expect(coming).toHaveLength(1);
  clock.advance(1);
  expect(coming).toHaveLength(2);
});
