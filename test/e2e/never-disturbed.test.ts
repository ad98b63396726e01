import { readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { sh, until } from "../kernel/namespace.ts";
import { address, desiredFile, gateway, inet, killAndRestart, pcgd, seenBy, status, vm1, vm2, wish } from "./nodes.ts";

/** TCP, UDP and ping through the gateway for some seconds, at a rate the userspace switches carry; what got lost. */
async function lostDuring(seconds: number, work: () => unknown) {
  const servers = [5201, 5202].map((port) => inet.start("iperf3", ["-s", "-1", "-p", `${port}`]));
  onTestFinished(async () => {
    for (const s of servers) await s.stop();
  });
  await until("iperf3 listens", () => inet.run("ss -Hltn 'sport = :5201 or sport = :5202' | wc -l").trim() === "2");
  const collect = (from: typeof vm1, args: string[]) => {
    const run = from.start("bash", ["-c", args.join(" ")], ["ignore", "pipe", "pipe"]);
    let out = "";
    run.child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    return new Promise<string>((resolve) => run.child.on("close", () => resolve(out)));
  };
  const tcp = collect(vm1, [`iperf3 -c ${address.inet} -p 5201 -b 5M -l 1200 -t ${seconds} -J`]);
  const udp = collect(vm2, [`iperf3 -c ${address.inet} -p 5202 -u -b 2M -l 1000 -t ${seconds} -J`]);
  const ping = collect(inet, [`ping -q -i 0.01 -c ${seconds * 80} ${address.eip1}`]);
  await until(
    "traffic flows",
    () => gateway.run("conntrack -L -p udp --dport 5202 2>/dev/null | wc -l").trim() !== "0",
  );
  await work();
  const [tcpSaid, udpSaid, pingSaid] = await Promise.all([tcp, udp, ping]);
  const pings = /(\d+) packets transmitted, (\d+) received/.exec(pingSaid);
  return {
    tcpRetransmits: JSON.parse(tcpSaid).end.sum_sent.retransmits,
    udpLost: JSON.parse(udpSaid).end.sum.lost_packets,
    pingLost: Number(pings?.[1]) - Number(pings?.[2]),
  };
}
const NOTHING = { tcpRetransmits: 0, udpLost: 0, pingLost: 0 };

test("kill -9 of either daemon and its restart under TCP, UDP and ping lose no packet and change nothing", async () => {
  const ruleset = () => gateway.run("nft -s list ruleset; ip -4 rule; ip -4 route show table all");
  const before = ruleset();
  const lost = await lostDuring(8, async () => {
    killAndRestart("pcgd");
    killAndRestart("pcg-kernel");
    killAndRestart("pcgd");
    await until("pcgd has realized again", async () => (await status()).desired.realized !== null);
  });
  expect(lost).toEqual(NOTHING);
  expect(ruleset()).toBe(before);
});

test("changes of NAT, firewall, endpoints and segments disturb no established flow", async () => {
  const lost = await lostDuring(6, async () => {
    for (let n = 0; n < 5; n++) {
      const undo = await wish((want) => ({
        nat: [
          {
            id: `r${n}`,
            action: "DNAT",
            destinationNetwork: "203.0.113.11",
            protocol: "tcp",
            destinationPorts: `${8000 + n}`,
            translatedNetwork: "192.168.100.3",
            translatedPorts: "80",
          },
        ],
        segments: [...want.segments, { id: "more", name: "more", vni: 4000 + n, gateway: "192.168.50.1/24" }],
        firewall: [
          ...(want.firewall ?? []),
          {
            id: "more",
            rules: [{ id: "drop-25", action: "DROP", services: [{ protocol: "tcp", destinationPorts: "25" }] }],
          },
        ],
      }));
      await undo();
    }
  });
  expect(lost).toEqual(NOTHING);
});

test("a bad wish is refused whole, is named in status, and the state before it stays", async () => {
  const good = readFileSync(desiredFile, "utf8");
  onTestFinished(async () => {
    writeFileSync(desiredFile, good);
    await until("the good wish is taken again", async () => (await status()).desired.refused === null);
  });
  writeFileSync(desiredFile, good.replace("vni: 9096", "vni: 99999999"));
  const refused = await until("the refusal", async () => (await status()).desired.refused);
  expect(refused.flaws).toEqual(["segments[0].vni: must be <= 16777215 (is 99999999)"]);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  killAndRestart("pcgd");
  const again = await until("pcgd answers", () => status());
  expect(again.desired.refused?.flaws).toEqual(refused.flaws);
  await until("the last good wish is realized", async () => (await status()).desired.realized !== null);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
});

test("pcgd check says file, field and value, and exits 1", () => {
  const bad = `${desiredFile}.bad`;
  onTestFinished(() => void sh(`rm -f ${bad}`));
  writeFileSync(bad, readFileSync(desiredFile, "utf8").replace("prefix: 0.0.0.0/0", "prefix: 10.0.0.1/8"));
  const check = (file: string) => sh(`${process.execPath} src/bin/pcgd.ts check ${file} 2>&1; echo "exit $?" || true`);
  expect(check(desiredFile)).toBe(`${desiredFile}: good\nexit 0\n`);
  expect(() => check(bad)).toThrow(
    expect.objectContaining({
      stdout: `${bad}: tier0.uplinkRoutes[0].prefix: must be an ipv4-prefix (is "10.0.0.1/8")\n`,
      status: 1,
    }),
  );
});

test("pcgd status shows all of it to a person", () => {
  const text = pcgd("status");
  for (const part of [
    "unit a",
    "generation wished",
    "uplink0",
    "203.0.113.10 → 192.168.100.3",
    "on 10.99.1.20",
    "192.168.100.3",
    "vni 9096",
    "bound",
  ])
    expect(text).toContain(part);
});
