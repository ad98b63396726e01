import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { until } from "../kernel/namespace.ts";
import { captured, type Decoded } from "./capture.ts";
import { VM1_MAC, VM1_TEP } from "./crafted.ts";
import { address, configFile, gateway, inet, killAndRestart, pings, seenBy, status, vm1, vm2, wish } from "./nodes.ts";

// A sender that leaves checksums to hardware which is not there would look like a gateway that breaks them.
beforeAll(() => void inet.run("ethtool -K eth0 tx off"));
afterAll(() => void inet.run("ethtool -K eth0 tx on"));

/** What the gateway sends into the tunnel while `work` runs. */
const fromGateway = (work: () => unknown) =>
  captured({ node: gateway, device: "downlink0", filter: `udp and src ${address.tep} and dst ${VM1_TEP}` }, work);

const onUplink = (work: () => unknown) => captured({ node: gateway, device: "uplink0", filter: "ip" }, work);

const GOOD = "1";
const NOT_PRESENT = "3";

/** Every checksum there is, but for the outer UDP one. */
const innerSums = (p: Decoded) => [
  ...p["ip.checksum.status"],
  ...p["tcp.checksum.status"],
  ...p["icmp.checksum.status"],
];

const fetch = () => expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);

test("a tunnel packet has every field of RFC 8926 and of the configuration as it should be", async () => {
  const packets = await fromGateway(() => {
    expect(pings(inet, address.eip1)).toBe(true);
    fetch();
  });
  expect(packets.length).toBeGreaterThanOrEqual(4);
  for (const packet of packets) {
    expect(packet).toMatchObject({
      "geneve.version": ["0"],
      "geneve.flags.oam": ["0"],
      "geneve.flags.critical": ["1"],
      "geneve.proto_type": ["0x6558"],
      "geneve.vni": ["0x002388"],
      "geneve.option.class": ["0x0104"],
      "geneve.option.type": ["0x80"],
      "geneve.option.unknown.data": ["0000300c"],
      "_ws.malformed": [],
    });
    expect(packet["ip.src"][0]).toBe(address.tep);
    expect(packet["ip.ttl"][0]).toBe("64");
    expect(packet["ip.flags.df"][0]).toBe("1");
    expect(packet["eth.src"][1]).toBe("02:50:56:56:44:52");
    expect(packet["eth.dst"][1]).toBe(VM1_MAC);
    expect(packet["udp.checksum"]).toEqual(["0x0000"]);
    expect(packet["udp.checksum.status"]).toEqual([NOT_PRESENT]);
    expect(new Set(innerSums(packet))).toEqual(new Set([GOOD]));
    const [outer, inner] = packet["ip.len"].map(Number);
    expect(outer).toBe((inner ?? 0) + 58);
    expect(Number(packet["udp.length"][0])).toBe((outer ?? 0) - 20);
    expect(Number(packet["udp.srcport"][0])).toBeGreaterThanOrEqual(0xc000);
  }
});

test("the outer header carries the inner packet's DSCP and ECN", async () => {
  const tos = [0x00, 0x28, 0x29, 0x2a, 0x2b, 0xb8];
  const packets = await fromGateway(() => {
    for (const value of tos) expect(pings(inet, address.eip1, `-Q ${value}`)).toBe(true);
  });
  const seen = packets.map((p) =>
    [0, 1].map((n) => Number(p["ip.dsfield.dscp"][n]) * 4 + Number(p["ip.dsfield.ecn"][n])),
  );
  expect(seen).toEqual(tos.map((value) => [value, value]));
});

test("a flow keeps its source port, and flows have different ones", async () => {
  const flows = 64;
  const packets = await fromGateway(() =>
    vm1.run(`for n in $(seq ${flows}); do curl -s -o /dev/null --max-time 2 http://${address.inet}/; done`),
  );
  const ports = Map.groupBy(packets, (p) => p["tcp.dstport"].join());
  expect(ports.size).toBe(flows);
  const perFlow = [...ports.values()].map((all) => new Set(all.map((p) => p["udp.srcport"][0])));
  expect(perFlow.map((ofOne) => ofOne.size)).toEqual(Array(flows).fill(1));
  expect(new Set(perFlow.flatMap((ofOne) => [...ofOne])).size).toBeGreaterThanOrEqual(50);
});

test("the uplink carries secondary addresses only, never an Elastic IP nor an overlay address", async () => {
  const packets = await onUplink(() => {
    fetch();
    expect(seenBy(vm2, `http://${address.inet}/`)).toBe(address.pat);
    expect(pings(vm1, address.inet)).toBe(true);
    expect(pings(inet, address.eip1)).toBe(true);
  });
  expect(new Set(packets.map((p) => [p["ip.src"][0], p["ip.dst"][0]].toSorted().join(" ")))).toEqual(
    new Set(["10.99.1.20 198.51.100.10", "10.99.1.21 198.51.100.10"]),
  );
  expect(new Set(packets.flatMap(innerSums))).toEqual(new Set([GOOD]));
  expect(packets.flatMap((p) => p["_ws.malformed"])).toEqual([]);
});

test("an ICMP error reaches the Internet whole, and speaks of the Elastic IP like the packet it is about", async () => {
  onTestFinished(
    await wish((want) => ({
      firewall: [
        {
          id: "errors",
          rules: [
            { id: "udp-9", action: "ALLOW", services: [{ protocol: "udp", destinationPorts: "9" }] },
            { id: "udp-10", action: "REJECT", services: [{ protocol: "udp", destinationPorts: "10" }] },
          ],
        },
        ...(want.firewall ?? []),
      ],
    })),
  );
  const packets = await captured({ node: inet, device: "eth0", filter: "icmp" }, () =>
    inet.run(`for port in 9 10; do echo x > /dev/udp/${address.eip1}/$port; done`),
  );
  const seen = packets.map((p) => [p["icmp.code"], p["ip.src"], p["ip.dst"]]);
  // The gateway's own may come before the VM's. 3: closed port; 13: prohibited by an administrator (RFC 1812 §5.2.7.1).
  expect(seen.toSorted()).toEqual(
    ["13", "3"].map((code) => [[code], [address.eip1, address.inet], [address.inet, address.eip1]]),
  );
  expect(new Set(packets.flatMap(innerSums))).toEqual(new Set([GOOD]));
});

test("checksum: full puts a right outer UDP checksum on every tunnel packet, ARP's included", async () => {
  const config = readFileSync(configFile, "utf8");
  const restart = async (text: string) => {
    writeFileSync(configFile, text);
    killAndRestart("pcgd");
    await until("pcgd has realized", async () => (await status()).desired.realized !== null);
  };
  onTestFinished(() => restart(config));
  await restart(config.replace("geneve:\n", "geneve:\n  checksum: full\n"));
  const packets = await fromGateway(() => {
    expect(pings(inet, address.eip1)).toBe(true);
    vm1.run(`ip neigh flush dev nsx-eth0; ping -c 1 -W 1 ${address.gateway}`);
    fetch();
  });
  expect(packets.length).toBeGreaterThanOrEqual(5);
  for (const packet of packets) {
    expect(packet["udp.checksum"][0]).not.toBe("0x0000");
    expect(packet["udp.checksum.status"]).toEqual([GOOD]);
    expect(new Set(innerSums(packet))).toEqual(new Set([GOOD]));
  }
});
