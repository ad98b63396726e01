import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unreachable } from "../base/assert.ts";
import { Box, chanceOf, NATURES } from "./box.testing.ts";
import { SLOTS } from "./slot.ts";

const UNCUT = 1e9;
const aStep = fc.oneof(
  fc.record({
    do: fc.constant("install" as const),
    base: fc.constantFrom("base 0", "base 1"),
    nature: fc.constantFrom(...NATURES),
    reboot: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom("rollback" as const, "confirm" as const, "reset" as const) }),
);
const aCut = fc.oneof(fc.constant(UNCUT), fc.nat({ max: 60 }));
const aHistory = fc.array(fc.tuple(aStep, aCut), { maxLength: 8 });
type Step = (typeof aHistory extends fc.Arbitrary<infer T> ? T : never) extends readonly (infer S)[] ? S : never;

function take(box: Box, number: number, [step, cut]: Step): Promise<void> {
  const limitMs = 60_000;
  switch (step.do) {
    case "reset":
      return box.boot();
    case "install":
      return box.act(box.install(`1.${number}.0`, step.base, step.nature, step.reboot), cut);
    case "rollback":
      return box.act((upgrader) => upgrader.rollback({ reboot: true, limitMs }), cut);
    case "confirm":
      return box.act((upgrader) => upgrader.confirm({ limitMs }), cut);
    default:
      return unreachable(step);
  }
}

describe("a box that is upgraded", () => {
  test("boots a whole and working version however often its power is cut, and leaves one that does not work", {
    timeout: 180_000,
  }, async () => {
    const reached = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(aHistory, fc.integer(), async (history, seed) => {
        const box = new Box(chanceOf(seed));
        for (const [i, step] of history.entries()) {
          await take(box, i + 1, step);
          await box.mustHoldGoodWhatWorks();
        }
        await box.boot();
        expect(box.nature).toBe("sound");
        reached.set(box.version, (reached.get(box.version) ?? 0) + 1);
      }),
      { numRuns: 1_000 },
    );
    expect(reached.size, "versions that boxes ended with").toBeGreaterThan(5);
  });

  test.each(SLOTS)("and left alone, has the new version in the end, from slot %s", async (start) => {
    const box = new Box(chanceOf(1));
    if (start === "b") await box.act(box.install("1.0.1", "base 1", "sound", true), UNCUT);
    expect(box.current).toBe(start);
    await box.act(box.install("1.1.0", "base 2", "sound", true), UNCUT);
    expect(box.version).toBe("1.1.0");
    await box.act(box.install("1.2.0", "base 2", "sound", true), UNCUT);
    expect([box.version, box.current]).toEqual(["1.2.0", start]);
    await box.boot();
    expect(box.version).toBe("1.2.0");
  });
});
