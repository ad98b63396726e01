import fc from "fast-check";
import { expect, test } from "vitest";
import type { NatRule } from "../../model/nat.ts";
import { groupsOf } from "./group.ts";
import { fieldsOf, meet } from "./match.ts";
import { inOrder, translationsOf } from "./translation.ts";

const forward = (n: number, over: Partial<NatRule> = {}): NatRule => ({
  id: `rule-${n}`,
  action: "DNAT",
  destinationNetwork: `203.0.113.${n}`,
  protocol: "tcp",
  destinationPorts: "80",
  translatedNetwork: "192.168.100.3",
  translatedPorts: "8080",
  ...over,
});
const groups = (rules: NatRule[]) => groupsOf(inOrder(rules).flatMap(translationsOf), "dnat");

test("groupsOf puts rules of one shape into one look-up, however many they are", () => {
  const rules = Array.from({ length: 200 }, (_, n) => forward(n));
  expect(groups(rules)).toHaveLength(1);
  expect(groups([...rules, forward(3, { id: "again", translatedPorts: "9090" })])).toHaveLength(2);
});

test("groupsOf keeps the order of rules that could take the same packet", () => {
  const aPort = fc.constantFrom("80", "80-90", "85-99", "443");
  const anAddress = fc.constantFrom("203.0.113.1", "203.0.113.2", "203.0.113.0/24");
  const aRule = fc.record({ ports: aPort, address: anAddress, priority: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(aRule, { maxLength: 12 }), (raw) => {
      const rules = raw.map((r, n) =>
        forward(n, { destinationPorts: r.ports, destinationNetwork: r.address, priority: r.priority }),
      );
      const asked = groups(rules).flatMap((g, turn) => g.members.map((m) => ({ m, turn })));
      expect(asked.map(({ m }) => m.ruleId)).toEqual(inOrder(rules).map((r) => r.id));
      for (const [i, a] of asked.entries())
        for (const b of asked.slice(i + 1)) {
          const alike = fieldsOf(a.m.match).length === fieldsOf(b.m.match).length;
          if (alike && meet(a.m.match, b.m.match)) expect(a.turn).toBeLessThan(b.turn);
        }
    }),
  );
});

test("translationsOf spreads a range onto another port by port, and leaves an equal range whole", () => {
  const spread = translationsOf(forward(1, { destinationPorts: "8000-8002", translatedPorts: "9000-9002" }));
  expect(spread.map((t) => [t.match.destinationPorts, t.to])).toEqual([
    ["8000", { form: "address-and-port", address: "192.168.100.3", ports: "9000" }],
    ["8001", { form: "address-and-port", address: "192.168.100.3", ports: "9001" }],
    ["8002", { form: "address-and-port", address: "192.168.100.3", ports: "9002" }],
  ]);
  const whole = translationsOf(forward(1, { destinationPorts: "8000-8002", translatedPorts: "8000-8002" }));
  expect(whole.map((t) => t.to)).toEqual([{ form: "address", address: "192.168.100.3" }]);
});

test("translationsOf of REFLEXIVE is the way out and the same way back", () => {
  const rule: NatRule = {
    id: "r",
    action: "REFLEXIVE",
    sourceNetwork: "192.168.99.0/25",
    translatedNetwork: "198.18.0.0/25",
  };
  expect(translationsOf(rule).map(({ action, match, to }) => ({ action, match, to }))).toEqual([
    { action: "snat", match: { sourceNetwork: "192.168.99.0/25" }, to: { form: "prefix", prefix: "198.18.0.0/25" } },
    {
      action: "dnat",
      match: { destinationNetwork: "198.18.0.0/25" },
      to: { form: "prefix", prefix: "192.168.99.0/25" },
    },
  ]);
});
