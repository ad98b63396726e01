import { readFileSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { sh, until } from "../kernel/namespace.ts";
import { lostDuring, NOTHING } from "./lost-during.ts";
import { address, desiredFile, gateway, inet, killAndRestart, pcgd, seenBy, status, vm1, wish } from "./nodes.ts";

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
      stdout: `${bad}: tier0.uplinkRoutes[0].prefix: must be a network in CIDR form without host bits, such as "192.168.100.0/24" (is "10.0.0.1/8")\n`,
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
