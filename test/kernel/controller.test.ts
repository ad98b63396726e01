import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask } from "../../src/api/client.edge.ts";
import type { Status } from "../../src/api/status.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { newRequest } from "../../src/lcp/request.ts";
import { Authority, type AuthorityFiles, newAuthority } from "../../src/manager/enrol/authority.ts";
import { until } from "./namespace.ts";
import { startUnit } from "./unit-bench.ts";

const PORT = 1235;
const AGENTS_PORT = 5555;
let unit: Awaited<ReturnType<typeof startUnit>>;
let authority: AuthorityFiles;
let pcgd: ReturnType<typeof startPcgd>;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  unit = await startUnit();
  authority = await newAuthority("ours", Date.now());
  await credentials({ role: "manager", id: "ccp" });
  await credentials({ role: "gateway", id: "pcg-a" });
  await credentials({ role: "agent", id: "vm-1" });
  writeFileSync(
    join(unit.dir, "told.yaml"),
    JSON.stringify({ ...unit.config, controller: { host: "127.0.0.1", id: "ccp" }, agents: {} }),
  );
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
  await unit.stop();
});

async function credentials(identity: Identity): Promise<void> {
  const folder = join(unit.dir, identity.id);
  mkdirSync(folder);
  const { key, request: asked } = await newRequest();
  const { pem } = await new Authority(authority).issue(asked, { identity, forMs: 3_600_000 }, Date.now());
  const files = { certificate: pem, key, authority: authority.certificate };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.pem`), text);
}

function startController() {
  const args = ["test/kernel/controller.ts", `${PORT}`, join(unit.dir, "ccp")];
  const { child, stop } = unit.namespace.start(process.execPath, args, ["pipe", "pipe", "inherit"]);
  undo.push(() => stop());
  const lines: string[] = [];
  child.stdout?.on("data", (chunk: Buffer) => lines.push(...chunk.toString().trim().split("\n")));
  return {
    stop,
    said: () => lines.join("\n"),
    tell: (what: object) => child.stdin?.write(`${JSON.stringify(what)}\n`),
  };
}

function startPcgd() {
  const path = (name: string) => join(unit.dir, name);
  const args = ["run", "--config", path("told.yaml"), "--credentials", path("pcg-a"), "--state", path("state")];
  const daemon = unit.namespace.start(process.execPath, [
    ...["src/bin/pcgd.ts", ...args],
    ...["--kernel", path("kernel.sock"), "--socket", path("pcgd.sock")],
  ]);
  undo.push(() => daemon.stop());
  return daemon;
}

function startAgent(id: string) {
  const args = ["test/kernel/agent.ts", `${AGENTS_PORT}`, "pcg-a", join(unit.dir, id)];
  const { child, stop } = unit.namespace.start(process.execPath, args, ["ignore", "pipe", "inherit"]);
  undo.push(() => stop());
  let last = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    last = chunk.toString().trim().split("\n").at(-1) ?? last;
  });
  return { stop, last: () => last };
}

const status = async () => (await ask(join(unit.dir, "pcgd.sock"), "/status")) as Status;
const ruleset = () => unit.namespace.run("nft -s list ruleset; ip -4 rule; ip -4 route show table all");
/** Everything wished is realized, and this is what it is. */
const realized = (is: (now: Status) => boolean) =>
  until("it is realized", async () => {
    const now = await status();
    return now.desired.wished !== null && now.desired.realized === now.desired.wished && is(now);
  });

const tep = "10.99.3.248";
const eip = (overlayIp: string) => ({
  type: "eip",
  key: "1",
  body: { address: "203.0.113.10", secondary: { a: "10.99.1.20" }, overlayIp },
});
const port = (key: string, ip: string, mac: string, segment = "web") => ({
  ...{ type: "port", key, body: { segment, mac, ip, tep, node: key } },
});
const everything = [
  { type: "tep", key: tep, body: { address: tep } },
  { type: "segment", key: "web", body: { id: "web", name: "web", vni: 9096, gateway: "192.168.100.1/24" } },
  port("vm-1", "192.168.100.3", "02:00:00:00:03:0a"),
  { type: "route", key: "default", body: { list: "uplink", prefix: "0.0.0.0/0" } },
  eip("192.168.100.3"),
  { type: "rule", key: "in", body: { section: "s", order: [0, 0], id: "in", action: "ALLOW", direction: "IN" } },
];

test("what a controller tells is in the kernel, changes with it, and stays while it and pcgd are killed", async () => {
  const controller = startController();
  pcgd = startPcgd();
  controller.tell({ upserts: everything });
  await realized(({ endpoints }) => endpoints.length === 1);
  expect(unit.namespace.run("nft list ruleset")).toContain("203.0.113.10 : 192.168.100.3");

  controller.tell({ upserts: [port("vm-2", "192.168.100.4", "02:00:00:00:03:0b"), eip("192.168.100.4")] });
  await realized(({ endpoints }) => endpoints.length === 2);
  await until("the Elastic IP has moved", () =>
    unit.namespace.run("nft list ruleset").includes("203.0.113.10 : 192.168.100.4"),
  );

  const before = ruleset();
  expect((await status()).controller).toEqual({ id: "ccp", address: "127.0.0.1:1235", connected: true, lost: null });
  await Promise.all([pcgd.stop(), controller.stop()]);
  expect(ruleset()).toBe(before);
  pcgd = startPcgd();
  await realized(({ endpoints }) => endpoints.length === 2);
  expect(ruleset()).toBe(before);
  await until("it says why", async () => (await status()).controller?.lost?.includes("ECONNREFUSED"));
});

test("a controller that comes back knowing less is believed, and what it cannot mean is left as it was", async () => {
  const controller = startController();
  const bad = [
    { type: "port", key: "vm-3", body: { segment: "web", mac: "nonsense", tep } },
    port("vm-4", "10.0.0.1", "02:00:00:00:03:0d"),
  ];
  controller.tell({ upserts: [...everything, ...bad] });
  await realized(({ endpoints, desired }) => endpoints.length === 1 && desired.refused !== null);
  const { desired } = await status();
  expect(desired.refused?.flaws).toEqual(['port/vm-4: endpoints[1].ip: is not in its segment (is "10.0.0.1")']);
  await until("the controller knows what was refused", () => controller.said().includes('"port/vm-3"'));
  controller.tell({ deletes: ["port/vm-3", "port/vm-4"] });
  await realized((now) => now.desired.refused === null);
  await controller.stop();
});

test("the gateway passes on to a VM's agent what concerns it, as it changes, also while the controller is away", async () => {
  const controller = startController();
  controller.tell({ upserts: everything });
  await realized(({ controller: its }) => its?.connected === true);
  const app = { type: "segment", key: "app", body: { id: "app", name: "app", vni: 9100, gateway: "192.168.99.1/24" } };
  const inApp = { ...port("vm-5", "192.168.99.5", "02:00:00:00:03:0e", "app") };
  controller.tell({ upserts: [app, inApp] });
  const agent = startAgent("vm-1");
  await until("it has its segment", () => agent.last() === `holds port/vm-1 segment/web tep/${tep}`);
  controller.tell({ upserts: [port("vm-2", "192.168.100.4", "02:00:00:00:03:0b")] });
  await until("it has its neighbour", () => agent.last() === `holds port/vm-1 port/vm-2 segment/web tep/${tep}`);
  expect((await status()).agents).toEqual({ connected: [{ id: "vm-1", current: true, refused: 0 }], refused: {} });

  controller.tell({ upserts: [port("vm-1", "192.168.99.3", "02:00:00:00:03:0a", "app"), eip("192.168.99.3")] });
  await until("it has moved", () => agent.last() === `holds port/vm-1 port/vm-5 segment/app tep/${tep}`);
  await Promise.all([controller.stop(), agent.stop()]);
  const again = startAgent("vm-1");
  await until(
    "it is told without the controller",
    () => again.last() === `holds port/vm-1 port/vm-5 segment/app tep/${tep}`,
  );
});

test("what was told and cannot be read any more is asked for again; until then the kernel stays as it is", async () => {
  await pcgd.stop();
  const before = ruleset();
  for (const name of readdirSync(join(unit.dir, "state")).filter((file) => file.startsWith("told.db-")))
    rmSync(join(unit.dir, "state", name));
  writeFileSync(join(unit.dir, "state", "told.db"), "no database ".repeat(1_000));
  pcgd = startPcgd();
  await until("pcgd is there again", async () => (await status()).controller?.lost);
  expect((await status()).desired.wished).toBeNull();
  expect(ruleset()).toBe(before);
  expect(pcgd.said()).toContain("cannot be read; it is asked for again");
  startController().tell({ upserts: everything });
  await realized(({ endpoints }) => endpoints.length === 1);
});
