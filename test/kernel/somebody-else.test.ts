import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import { everyKind } from "./every-kind.ts";
import { until } from "./namespace.ts";
import { Program } from "./program.ts";
import { startUnit } from "./unit-bench.ts";

/** Much longer than it should take, and much shorter than the minute after which the kernel is read anyway. */
const SOON_MS = 30_000;

let unit: Awaited<ReturnType<typeof startUnit>>;
let pcgd: Program;
beforeAll(async () => {
  unit = await startUnit();
  const at = (name: string) => join(unit.dir, name);
  writeFileSync(at("desired.yaml"), JSON.stringify(everyKind));
  const options = {
    ...{ config: at("pcgd.yaml"), desired: at("desired.yaml"), state: at("state") },
    ...{ kernel: at("kernel.sock"), socket: at("pcgd.sock") },
  };
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]);
  pcgd = new Program("pcgd", args, { namespace: unit.namespace });
  const status = async () => (await ask(at("pcgd.sock"), "/status")) as Status;
  await until("all is realized", async () => (await status()).desired.realized === 1, 60_000);
});
afterAll(async () => {
  await pcgd.kill();
  await unit.stop();
});

/** What is said from now on. */
function listening(): () => string {
  const before = pcgd.said().length;
  return () => pcgd.said().slice(before);
}

test.each([
  ["net.ipv4.ip_forward", "0", "1"],
  ["net.ipv4.conf.uplink0.rp_filter", "1", "0"],
  ["net.netfilter.nf_conntrack_udp_timeout", "7", "120"],
])("%s set by hand is noticed, put back, and said with its name", async (name, by, right) => {
  const said = listening();
  unit.namespace.run(`sysctl -qw ${name}=${by}`);
  await until("it is right again", () => unit.namespace.run(`sysctl -n ${name}`).trim() === right, SOON_MS);
  await until("it is said", () => said().includes(`sysctl/${name.replaceAll(".", "/")}`), SOON_MS);
  expect(said()).toMatch(/^<4>somebody else has (changed|removed) what is ours in the kernel count=1 /m);
});

test("pcg-kernel gone is a warning, and back again is said", async () => {
  const said = listening();
  await unit.restart();
  await until("it is said", () => /^<6>pcg-kernel answers/m.test(said()), SOON_MS);
  expect(said()).toMatch(/^<4>pcg-kernel is gone; the datapath runs on without it/m);
  expect(said()).not.toContain("somebody else");
});

// After a restart: what comes within 100 ms of a change of its own pcg-kernel takes for its echo.
test("a deleted nft table is a warning that says what is gone, and how much", async () => {
  const said = listening();
  unit.namespace.run("nft delete table ip pcg");
  await until("it is there again", () => unit.namespace.run("nft list tables").includes("table ip pcg"), SOON_MS);
  await until("it is said", () => said().includes("somebody else has removed"), SOON_MS);
  expect(said()).toMatch(
    /^<4>somebody else has removed what is ours in the kernel count=\d{2,} objects=\["nft-table",/m,
  );
});
