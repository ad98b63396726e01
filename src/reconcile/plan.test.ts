import fc from "fast-check";
import { expect, test } from "vitest";
import { FORWARDING, type KernelObject } from "../model/kernel-object.ts";
import { keyOf, textOf } from "../model/object-text.ts";
import { type Step, subjectOf } from "../model/step.ts";
import { byKey, plan } from "./plan.ts";

const anObject: fc.Arbitrary<KernelObject> = fc.oneof(
  fc.record({
    kind: fc.constant("veth-pair" as const),
    name: fc.constantFrom("overlay0", "overlay1"),
    peer: fc.constant("overlay0-in"),
    mac: fc.constant("02:50:56:56:44:52"),
    mtu: fc.constantFrom(1400, 8943),
  }),
  fc.record({
    kind: fc.constant("route" as const),
    table: fc.constantFrom(100, 104),
    prefix: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16"),
    link: fc.constant("overlay0"),
    via: fc.constantFrom("10.0.0.1", "10.0.0.2"),
  }),
  fc.record({
    kind: fc.constant("nft-element" as const),
    set: fc.constant("eip-dnat"),
    key: fc.constantFrom("203.0.113.10", "203.0.113.11"),
    value: fc.constantFrom("192.168.100.3", "192.168.100.4"),
  }),
  fc.constant<KernelObject>({ kind: "sysctl", name: FORWARDING, value: "1", restore: "0" }),
);
const aState = fc.uniqueArray(anObject, { selector: keyOf });
const sorted = (objects: Iterable<KernelObject>) => [...objects].map(textOf).toSorted();

function run(have: readonly KernelObject[], steps: readonly Step[]): KernelObject[] {
  const state = new Map(have.map((o) => [keyOf(o), o]));
  for (const s of steps) {
    if (s.do === "remove") state.delete(keyOf(s.object));
    else state.set(keyOf(subjectOf(s)), subjectOf(s));
  }
  return [...state.values()];
}

test("plan reaches any wish from any state, and then rests", () => {
  fc.assert(
    fc.property(aState, aState, (want, have) => {
      const after = run(have, plan(want, byKey(have)));
      expect(sorted(after)).toEqual(sorted(want));
      expect(plan(want, byKey(after))).toEqual([]);
    }),
  );
});

test("plan adds before it removes, opens forwarding last and closes it first", () => {
  fc.assert(
    fc.property(aState, aState, (want, have) => {
      const steps = plan(want, byKey(have));
      const gate = steps.findIndex((s) => keyOf(subjectOf(s)) === `sysctl/${FORWARDING}`);
      const others = steps.filter((_, i) => i !== gate);
      const firstRemoval = others.findIndex((s) => s.do === "remove");
      if (firstRemoval >= 0) expect(others.slice(firstRemoval).every((s) => s.do === "remove")).toBe(true);
      if (gate < 0) return;
      if (steps[gate]?.do === "remove") expect(gate).toBe(0);
      else expect(steps.slice(gate + 1).every((s) => s.do === "remove")).toBe(true);
    }),
  );
});
