import { expect, test } from "vitest";
import { flowsOf, flowsText } from "./flows-text.ts";
import type { FlowStatus } from "./status.ts";

const out: FlowStatus = {
  protocol: "udp",
  comes: { side: "overlay", source: "192.168.100.3:40002", destination: "198.51.100.10:53" },
  goes: { side: "uplink", source: "10.99.1.20:40002", destination: "198.51.100.10:53" },
  tep: null,
  vni: null,
  translation: "eip-203.0.113.10",
  current: true,
  ageSeconds: 12,
  packets: 10,
  bytes: 460,
};
const back: FlowStatus = {
  ...out,
  comes: { side: "uplink", source: "198.51.100.10:53", destination: "10.99.1.20:40002" },
  goes: { side: "overlay", source: "198.51.100.10:53", destination: "192.168.100.3:40002" },
  tep: "10.99.3.248",
  vni: 9096,
  current: false,
  bytes: 9_000,
};

test("both tuples, what went by and for whom, one flow a line", () => {
  expect(flowsText([out, back])).toMatchInlineSnapshot(`
    "udp  overlay  192.168.100.3:40002 → 198.51.100.10:53  leaves  uplink   10.99.1.20:40002 → 198.51.100.10:53                               eip-203.0.113.10  12  s  10  packets   460  bytes
    udp  uplink   198.51.100.10:53 → 10.99.1.20:40002     leaves  overlay  198.51.100.10:53 → 192.168.100.3:40002  to 10.99.3.248, vni 9096  eip-203.0.113.10  12  s  10  packets  9000  bytes  ended"
  `);
  expect(flowsText([])).toBe("no flows: every packet takes the slow path now");
});

test("an address picks the flows it has a part in, whole; those that carried most come first", () => {
  expect(flowsOf([out, back], undefined)).toEqual([back, out]);
  expect(flowsOf([out, back], "10.99.3.248")).toEqual([back]);
  expect(flowsOf([out, back], "10.99.1.20")).toEqual([back, out]);
  expect(flowsOf([out, back], "10.99.1.2")).toEqual([]);
});
