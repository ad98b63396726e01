import { beforeAll, expect, onTestFinished, test } from "vitest";
import { udpPacket } from "../bpf/packets.ts";
import { type Namespace, until } from "../kernel/namespace.ts";
import { echoes, FORWARDED, followed, followedDuring, PORT, talk, talking, tracked, untrack } from "./conversation.ts";
import { fromVm, tunnel } from "./crafted.ts";
import { address, dropped, gateway, host, inet, vm1, vm1Underlay, vm2Underlay, wish } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

/** What ends a flow, and that nothing takes the fast path that must not. */

beforeAll(echoes);

/** Waits until a conversation that was begun takes the fast path. */
async function cached(): Promise<void> {
  const before = await followed();
  await until("the fast path is taken", async () => {
    const now = await followed();
    return now.out > before.out + 20 && now.tunnel > before.tunnel + 20;
  });
}

/** A TCP connection that stays busy until its standard input ends. */
async function held(from: Namespace, to: string, options: string[] = []) {
  untrack("tcp");
  const talk = talking(from, "hold", to, options);
  await until("the connection is established", () => tracked("tcp").some((l) => l.includes("ESTABLISHED")));
  await cached();
  return talk;
}

test("a connection that closes is known as closed, not as established for five days", async () => {
  const connection = await held(vm1, address.inet);
  connection.child.stdin?.end();
  await until("TIME_WAIT", () => tracked("tcp").some((line) => line.includes("TIME_WAIT")));
  expect(tracked("tcp").filter((line) => line.includes("ESTABLISHED"))).toEqual([]);
});

test("a connection that is reset is gone ten seconds later, not in five days", async () => {
  const connection = await held(vm1, address.inet, ["--reset"]);
  connection.child.stdin?.end();
  // Connection tracking has not seen every packet, so it believes the reset only for as long as it keeps closed ones.
  await until("its time is short", () => tracked("tcp").every((line) => Number(line.split(/\s+/)[2]) <= 10), 3_000);
});

test("a port that is used again belongs to the new connection", async () => {
  untrack("tcp");
  const followed = await followedDuring(() =>
    expect(talk(vm1, "again", address.inet, PORT, "--count 10 --from 40001")).toBe(10),
  );
  expect(followed.out).toBeGreaterThan(500);
});

test("a UDP flow becomes assured, and its time is kept by one packet in four seconds", async () => {
  const followed = await followedDuring(() =>
    expect(talk(vm1, "udp", address.inet, PORT, "--count 650 --every 10")).toBe(650),
  );
  expect(followed.out).toBeGreaterThan(600);
  const line = tracked("udp").find((l) => l.includes("[ASSURED]")) ?? "";
  const [, seconds = "0"] = /^udp\s+17\s+(\d+)/.exec(line) ?? [];
  expect(Number(seconds)).toBeGreaterThan(100);
});

test("a connection that an operator deletes is decided about anew within five seconds", async () => {
  talking(vm1, "udp", address.inet, ["--count", "2000"]);
  await cached();
  untrack("udp");
  expect(tracked("udp")).toEqual([]);
  await until("connection tracking knows it again", () => tracked("udp").length > 0, 5_000);
});

const device = (address: string, from: string) =>
  /dev (\S+)/.exec(gateway.run(`ip -o route get ${address} from ${from}`))?.[1] ?? "";

/** How many packets leave a device of the gateway in a second. */
const leaving = (on: string, filter: string): number =>
  Number(gateway.run(`timeout 1 tcpdump -qlnnp -i ${on} -Q out '${filter}' 2>/dev/null | grep -c . || true`));

test("an endpoint that moves takes its flows along at once", async () => {
  const downlink = device("10.99.3.1", address.tep);
  const sentTo = (tep: string) => leaving(downlink, `dst host ${tep} and geneve and udp and dst port ${PORT}`);
  talking(inet, "udp", address.eip1, ["--count", "2000"]);
  await cached();
  expect(sentTo("10.99.3.248")).toBeGreaterThan(0);
  onTestFinished(
    await wish((want) => ({
      endpoints: want.endpoints.map((e) => (e.ip === address.vm1 ? { ...e, tep: "10.99.3.251" } : e)),
    })),
  );
  expect(sentTo("10.99.3.248")).toBe(0);
  // Nobody answers there: the talker waits a second for each.
  await until("packets go to its new tunnel endpoint", () => sentTo("10.99.3.251") > 0);
});

test("an Elastic IP that is taken away stops its flows at once, and nothing leaves untranslated", async () => {
  const uplink = device("198.51.100.10", "10.99.1.10");
  talking(vm1, "udp", address.inet, ["--count", "2000"]);
  await cached();
  expect(leaving(uplink, `udp dst port ${PORT}`)).toBeGreaterThan(0);
  const before = await dropped("UNTRANSLATED_SOURCE");
  const undo = await wish((want) => ({ elasticIps: want.elasticIps?.filter((e) => e.address !== address.eip1) ?? [] }));
  let undone = false;
  onTestFinished(async () => {
    if (!undone) await undo();
  });
  expect(leaving(uplink, `udp dst port ${PORT}`)).toBe(0);
  expect(await dropped("UNTRANSLATED_SOURCE")).toBeGreaterThan(before);
  await undo();
  undone = true;
  await cached();
});

test("a port forwarding that is taken away lets no new flow in, while another is carried", async () => {
  expect(talk(inet, "udp", address.pat, FORWARDED, "--count 3")).toBe(3);
  talking(inet, "udp", address.eip1, ["--count", "2000"]);
  await cached();
  onTestFinished(await wish(() => ({ nat: [] })));
  expect(talk(inet, "udp", address.pat, FORWARDED, "--count 2")).toBe(0);
  await cached();
});

/** A UDP flow of vm-1 that takes the fast path, and one more packet of it from whom and how the test likes. */
async function cachedFlow() {
  untrack("udp");
  talking(vm1, "udp", address.inet, ["--count", "2000", "--from", "40002"]);
  await cached();
  return (ip: Parameters<typeof udpPacket>[0]["ip"] = {}) =>
    fromVm(udpPacket({ from: address.vm1, to: address.inet, sport: 40_002, dport: PORT, ip }));
}

async function send(from: Namespace, frame: Uint8Array): Promise<void> {
  const socket = new RawSocket(from, "eth0");
  onTestFinished(() => socket.close());
  expect(socket.send([frame])).toBe(1);
}

/** A counter of the gateway's own ICMP. */
const icmp = (name: string): number =>
  Number(gateway.run(`nstat -asz IcmpMsgOutType${name} | awk '/IcmpMsg/ { print $2 }'`) || 0);

test("another tunnel endpoint's packet that looks like one of the flow is dropped as spoofed", async () => {
  const packet = await cachedFlow();
  const before = await dropped("SPOOFED_MAC");
  await send(vm2Underlay, tunnel(packet(), { outer: { from: "10.99.3.251" } }));
  await until("it is counted", async () => (await dropped("SPOOFED_MAC")) === before + 1);
});

test("a packet of the flow at its last hop is answered by ICMP", async () => {
  const packet = await cachedFlow();
  const exceeded = icmp("11");
  await send(vm1Underlay, tunnel(packet({ ttl: 1 })));
  await until("time exceeded", () => icmp("11") === exceeded + 1);
});

test("a packet of the flow too large for its way is answered by ICMP with the MTU, and its fragments arrive", () => {
  onTestFinished(() => void host.run("ip route flush cache"));
  const unreachable = icmp("3");
  expect(talk(host, "udp", address.vm1, PORT, "--large 8950")).toBeGreaterThan(57);
  expect(icmp("3")).toBeGreaterThan(unreachable);
  expect(host.run(`ip route get ${address.vm1}`)).toContain("mtu 8943");
});
