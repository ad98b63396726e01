import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./namespace.ts";
import { eip, everything, port, TEP, ToldUnit } from "./told-unit.ts";

let told: ToldUnit;
let pcgd: ReturnType<ToldUnit["startPcgd"]>;

beforeAll(async () => {
  told = await ToldUnit.start(["127.0.0.1"]);
});
afterAll(() => told.stop());

test("what a controller tells is in the kernel, changes with it, and stays while it and pcgd are killed", async () => {
  const controller = told.startController();
  pcgd = told.startPcgd();
  controller.tell({ upserts: everything });
  await told.realized(({ endpoints }) => endpoints.length === 1);
  expect(told.unit.namespace.run("nft list ruleset")).toContain("203.0.113.10 : 192.168.100.3");

  controller.tell({ upserts: [port("vm-2", "192.168.100.4", "02:00:00:00:03:0b"), eip("192.168.100.4")] });
  await told.realized(({ endpoints }) => endpoints.length === 2);
  await until("the Elastic IP has moved", () =>
    told.unit.namespace.run("nft list ruleset").includes("203.0.113.10 : 192.168.100.4"),
  );

  const before = told.ruleset();
  expect((await told.status()).controller).toMatchObject({
    id: "ccp",
    state: { address: "127.0.0.1:1235", connected: true, lost: null },
  });
  await Promise.all([pcgd.stop(), controller.stop()]);
  expect(told.ruleset()).toBe(before);
  pcgd = told.startPcgd();
  await told.realized(({ endpoints }) => endpoints.length === 2);
  expect(told.ruleset()).toBe(before);
  await until("it says why", async () => (await told.status()).controller?.state.lost?.includes("ECONNREFUSED"));
});

test("a controller that comes back knowing less is believed, and what it cannot mean is left as it was", async () => {
  const controller = told.startController();
  const bad = [
    { type: "port", key: "vm-3", body: { segment: "web", mac: "nonsense", tep: TEP } },
    port("vm-4", "10.0.0.1", "02:00:00:00:03:0d"),
  ];
  controller.tell({ upserts: [...everything, ...bad] });
  await told.realized(({ endpoints, desired }) => endpoints.length === 1 && desired.refused !== null);
  const { desired } = await told.status();
  expect(desired.refused?.flaws).toEqual(['port/vm-4: endpoints[1].ip: is not in its segment (is "10.0.0.1")']);
  await until("the controller knows what was refused", () => controller.said().includes('"port/vm-3"'));
  controller.tell({ deletes: ["port/vm-3", "port/vm-4"] });
  await told.realized((now) => now.desired.refused === null);
  await controller.stop();
});

test("the gateway passes on to a VM's agent what concerns it, as it changes, also while the controller is away", async () => {
  const controller = told.startController();
  controller.tell({ upserts: everything });
  await told.realized(({ controller: its }) => its?.state.connected === true);
  const app = { type: "segment", key: "app", body: { id: "app", name: "app", vni: 9100, gateway: "192.168.99.1/24" } };
  const inApp = { ...port("vm-5", "192.168.99.5", "02:00:00:00:03:0e", "app") };
  controller.tell({ upserts: [app, inApp] });
  const agent = told.startAgent("vm-1");
  await until("it has its segment", () => agent.last() === `holds port/vm-1 segment/web tep/${TEP}`);
  controller.tell({ upserts: [port("vm-2", "192.168.100.4", "02:00:00:00:03:0b")] });
  await until("it has its neighbour", () => agent.last() === `holds port/vm-1 port/vm-2 segment/web tep/${TEP}`);
  expect((await told.status()).agents).toEqual({ connected: [{ id: "vm-1", current: true, refused: 0 }], refused: {} });

  controller.tell({ upserts: [port("vm-1", "192.168.99.3", "02:00:00:00:03:0a", "app"), eip("192.168.99.3")] });
  await until("it has moved", () => agent.last() === `holds port/vm-1 port/vm-5 segment/app tep/${TEP}`);
  await Promise.all([controller.stop(), agent.stop()]);
  const again = told.startAgent("vm-1");
  await until(
    "it is told without the controller",
    () => again.last() === `holds port/vm-1 port/vm-5 segment/app tep/${TEP}`,
  );
});

test("an agent whose certificate the controller says is good no more is put out within two seconds", async () => {
  const controller = told.startController();
  const { serialNumber } = new X509Certificate(readFileSync(told.path("vm-1/certificate.pem")));
  const certificate = (...good: object[]) => ({ type: "certificate", key: "vm-1", body: { good } });
  controller.tell({ upserts: [...everything, certificate({ serial: serialNumber.toLowerCase() })] });
  await told.realized(({ controller: its }) => its?.state.connected === true);
  await until("it is in", async () => (await told.status()).agents?.connected.length === 1);
  controller.tell({ upserts: [certificate()] });
  await until("it is out", async () => (await told.status()).agents?.connected.length === 0, 2_000);
  await until("it is turned away", async () => (await told.status()).agents?.refused["revoked"]);
  await controller.stop();
});

test("what was told and cannot be read any more is asked for again; until then the kernel stays as it is", async () => {
  await pcgd.stop();
  const before = told.ruleset();
  for (const name of readdirSync(told.path("state")).filter((file) => file.startsWith("told.db-")))
    rmSync(told.path(`state/${name}`));
  writeFileSync(told.path("state/told.db"), "no database ".repeat(1_000));
  pcgd = told.startPcgd();
  await until("pcgd is there again", async () => (await told.status()).controller?.state.lost);
  expect((await told.status()).desired.wished).toBeNull();
  expect(told.ruleset()).toBe(before);
  expect(pcgd.said()).toContain("cannot be read; it is asked for again");
  told.startController().tell({ upserts: everything });
  await told.realized(({ endpoints }) => endpoints.length === 1);
});
