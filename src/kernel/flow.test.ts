import { expect, test } from "vitest";
import { structs } from "../datapath/bpf/layouts.ts";
import { encode } from "../datapath/bpf/struct.ts";
import { Ipv4, parseIpv4 } from "../net/ipv4.ts";
import { parseMac } from "../net/mac.ts";
import { flowOf, isCurrent } from "./flow.ts";

const mac = parseMac("02:00:00:00:00:01");
const vm = parseIpv4("192.168.100.3");
const server = parseIpv4("198.51.100.10");

const key = encode(structs.flowKey, {
  source: server,
  destination: parseIpv4("10.99.1.20"),
  sport: 443,
  dport: 40_002,
  protocol: 6,
  side: 0,
  reserved: 0,
});

/** Towards vm in the tunnel, learned in generation 7, until 4 s after boot. */
const flow = (change: { tep?: Ipv4; until?: number } = {}) =>
  encode(structs.flow, {
    packets: 10n,
    bytes: 14_000n,
    source: server,
    destination: vm,
    sport: 443,
    dport: 40_002,
    addressSum: 0,
    portSum: 0,
    generation: 7,
    until: 4_000,
    since: 1,
    mark: 99,
    reply: 1,
    device: 3,
    mtu: 8_943,
    tep: parseIpv4("10.99.3.248"),
    vni: 9_096,
    hash: 0,
    senderTep: Ipv4(0),
    senderVni: 0,
    to: mac,
    from: mac,
    mac,
    senderMac: mac,
    side: 1,
    ...change,
  });

const at = (ns: bigint, generation = 7) => ({ generation, now: ns });

test("a flow says how its packets come and leave, for which translation, how old it is and what it carried", () => {
  expect(flowOf([key, flow()], at(3n * 2n ** 30n))).toEqual({
    protocol: "tcp",
    comes: { side: "uplink", source: "198.51.100.10:443", destination: "10.99.1.20:40002" },
    goes: { side: "overlay", source: "198.51.100.10:443", destination: "192.168.100.3:40002" },
    tep: "10.99.3.248",
    vni: 9_096,
    mark: 99,
    current: true,
    ageSeconds: 2,
    packets: 10,
    bytes: 14_000,
  });
});

test("one that goes beside the tunnel has no tunnel endpoint and no segment", () => {
  expect(flowOf([key, flow({ tep: Ipv4(0) })], at(0n))).toMatchObject({ tep: null, vni: null });
});

test("it is current in its own generation and until its time, also where the counter of time begins anew", () => {
  const ms = 2n ** 20n;
  expect(isCurrent(flow(), at(3_999n * ms))).toBe(true);
  expect(isCurrent(flow(), at(4_000n * ms))).toBe(false);
  expect(isCurrent(flow(), at(3_999n * ms, 8))).toBe(false);
  const late = flow({ until: 100 });
  expect(isCurrent(late, at((2n ** 32n - 5n) * ms))).toBe(true);
  expect(isCurrent(late, at((2n ** 32n + 101n) * ms))).toBe(false);
});
