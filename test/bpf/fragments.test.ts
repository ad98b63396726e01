import { afterAll, beforeAll, expect, test } from "vitest";
import type { MapName } from "../../src/datapath/bpf/layouts.ts";
import { type Bench, bench, sh } from "./harness.ts";
import { fromVm, furnish, net, tunnel } from "./network.ts";
import { ethernet, ipv4 } from "./packets.ts";

/** Each sender's share of the memory in which fragments wait. */

let t: Bench;
/** What a sender may owe at once, and what it gets back in a second: in 4 s less than a sixteenth of 64 MiB. */
const SHARE = 2 ** 21;
const PER_SECOND = 2 ** 18;
const PAGE = 4_096;
const MORE = 0x2000;
const PART = 1_480;
const PARTS = 44;

beforeAll(() => {
  t = bench();
  sh("ip link set lo up; ip link add overlay0 type veth peer name overlay0-in");
  furnish(t, { uplink: 15, downlink: 14, overlay: 3, overlayIn: 2 });
});
afterAll(() => t.close());

interface Fragment {
  readonly from: string;
  readonly to?: string;
  readonly id: number;
  readonly at: number;
  readonly last?: boolean;
  readonly check?: number;
}
const fragment = ({ from, to = net.internet, id, at, last = false, check }: Fragment, bytes = PART) =>
  ipv4(
    { from, to, protocol: 17, id, fragment: (at / 8) | (last ? 0 : MORE), ...(check === undefined ? {} : { check }) },
    Buffer.alloc(bytes),
  );

const judged = ({ moved }: ReturnType<Bench["run"]>) => (moved["FRAGMENTS"] === 1 ? "refused" : "passed");
const ofVm = (f: Omit<Fragment, "from">, bytes?: number) =>
  judged(t.run("downlink_ingress", tunnel(fromVm(fragment({ from: net.vm, ...f }, bytes)))));
const ofOtherVm = () => {
  const inner = ethernet({ to: net.routerMac, from: net.otherMac }, fragment({ from: net.otherVm, id: 1, at: 0 }));
  const change = { outer: { from: net.otherTep }, geneve: { vni: net.otherVni } };
  return judged(t.run("downlink_ingress", tunnel(inner, change)));
};
const outside = (f: Fragment) =>
  judged(t.run("uplink_ingress", ethernet({ to: "02:00:00:00:01:01", from: "02:00:00:00:01:02" }, fragment(f))));

/** Sends more than so many shares, and expects that these and what comes back meanwhile are let through, no more. */
function expectShares(shares: number, send: (n: number) => string): void {
  const start = performance.now();
  const count = (1.5 * shares * SHARE) / PAGE;
  const passed = Array.from({ length: count }, (_, n) => send(n)).filter((verdict) => verdict === "passed").length;
  const seconds = (performance.now() - start) / 1_000;
  expect(passed * PAGE).toBeGreaterThanOrEqual(shares * SHARE - PAGE);
  expect(passed * PAGE).toBeLessThanOrEqual(shares * (SHARE + PER_SECOND * seconds) + PAGE);
}

const forget = (map: MapName) =>
  t.bpf.remove(
    map,
    t.bpf.entries(map).map(([key]) => key),
  );

/** A datagram of 64 KB in order, as any sender makes one: each fragment's verdict. */
const whole = (id: number) =>
  Array.from({ length: PARTS }, (_, n) => ofVm({ id, at: n * PART, last: n === PARTS - 1 }));

test("a VM's datagrams of 64 KB that are complete are never refused", () => {
  const verdicts = Array.from({ length: 60 }, (_, id) => whole(id)).flat();
  expect(verdicts.filter((v) => v === "refused")).toEqual([]);
});

test.each([
  { what: "first fragments alone", send: (id: number) => ofVm({ id, at: 0 }) },
  { what: "last fragments alone", send: (id: number) => ofVm({ id, at: 8_000, last: true }) },
  {
    what: "a last fragment behind a gap",
    send: (id: number) => ofVm({ id: id >> 1, at: id % 2 ? 2 * PART : 0, last: id % 2 === 1 }),
  },
  {
    what: "a last fragment behind one that the kernel drops for its checksum",
    send: (n: number) => {
      const part = n % 3;
      return ofVm({ id: (n - part) / 3, at: part * PART, last: part === 2, ...(part === 1 ? { check: 1 } : {}) });
    },
  },
  {
    what: "a last fragment behind one that the kernel cuts",
    send: (id: number) => ofVm({ id: id >> 1, at: id % 2 ? PART : 0, last: id % 2 === 1 }, id % 2 ? PART : PART + 1),
  },
])("$what are refused when they take a VM's share, and another VM's are not", ({ send }) => {
  forget("fragment_budgets");
  forget("datagrams");
  expectShares(1, send);
  expect(ofOtherVm()).toBe("passed");
});

test("from outside, one source takes no other's share, and forged sources not that of another Elastic IP", () => {
  const to = "203.0.113.10";
  expectShares(1, (id) => outside({ from: "198.51.100.66", to, id, at: 0 }));
  expect(outside({ from: "198.51.100.67", to, id: 1, at: 0 })).toBe("passed");
  forget("fragment_budgets");
  expectShares(4, (id) => outside({ from: `198.18.${id >> 8}.${id & 255}`, to, id, at: 0 }));
  expect(outside({ from: "198.51.100.67", to: "203.0.113.11", id: 1, at: 0 })).toBe("passed");
  expect(ofOtherVm()).toBe("passed");
});
