import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Namespace, sh, until } from "./namespace.ts";
import { Program } from "./program.ts";

const unit = {
  unit: "a",
  interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
  tep: { address: "10.99.3.44" },
};

let dir: string;
const asked = { local: false, tcp: false };
const silentStore = () => `etcd://127.0.0.1:${(silent.tcp.address() as AddressInfo).port}/pcg`;
let machine: Namespace;
/** They take connections, and never say a word. */
let silent: { readonly local: Server; readonly tcp: Server };
const at = (name: string) => join(dir, name);
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "pcg-start-"));
  writeFileSync(at("unit.yaml"), JSON.stringify(unit));
  writeFileSync(at("told.yaml"), JSON.stringify({ ...unit, controller: { hosts: ["127.0.0.1"], id: "ccp" } }));
  writeFileSync(at("a-file"), "");
  for (const name of ["garbled", "empty", "full"]) mkdirSync(at(name));
  for (const name of ["leases.db", "manager.db"])
    writeFileSync(join(at("garbled"), name), "no database ".repeat(1_000));
  sh(`mount -t tmpfs -o size=64k pcg-full ${at("full")}; head -c 1M /dev/zero >${at("full")}/filling || true`);
  machine = Namespace.create("start");
  for (const { name } of Object.values(unit.interfaces)) machine.run(`ip link add ${name} type veth peer far-${name}`);
  const notes = (which: keyof typeof asked) => () => {
    asked[which] = true;
  };
  silent = { local: createServer(notes("local")), tcp: createServer(notes("tcp")) };
  await new Promise<void>((resolve) => silent.local.listen(at("silent.sock"), resolve));
  await new Promise<void>((resolve) => silent.tcp.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  for (const server of Object.values(silent)) server.close();
  machine.remove();
  sh(`umount ${at("full")}`);
  rmSync(dir, { recursive: true });
});

function start(name: string, args: Readonly<Record<string, string>>, namespace?: Namespace): Program {
  const options = Object.entries(args).flatMap(([option, value]) => [`--${option}`, value]);
  const program = new Program(name, options, { namespace });
  onTestFinished(() => program.kill());
  return program;
}

const pcgd = (args: Record<string, string> = {}) =>
  start("pcgd", {
    ...{ config: at("unit.yaml"), desired: at("desired.yaml"), credentials: at("empty"), state: at("state") },
    ...{ kernel: at("kernel.sock"), socket: at("pcgd.sock"), ...args },
  });
const pcgKernel = (args: Record<string, string>, namespace?: Namespace) =>
  start("pcg-kernel", { config: at("unit.yaml"), socket: at("kernel.sock"), bpffs: at("empty"), ...args }, namespace);
const manager = (args: Record<string, string> = {}) =>
  start("nsx-manager", {
    ...{ state: at("manager"), store: at("manager.db"), listen: "127.0.0.1:0", controller: "127.0.0.1:0", ...args },
  });

test.each<[string, () => Program, string]>([
  ["pcgd without a configuration", () => pcgd({ config: at("none.yaml") }), "none.yaml"],
  ["pcgd without a certificate", () => pcgd({ config: at("told.yaml") }), "certificate.pem"],
  ["pcgd whose state folder is a file", () => pcgd({ state: at("a-file") }), "a-file"],
  ["pcgd whose leases are no database", () => pcgd({ state: at("garbled") }), "LEASE_STORE"],
  ["pcgd whose state disk is full from the start", () => pcgd({ state: at("full") }), "full"],
  ["pcgd whose socket's folder is not there", () => pcgd({ socket: at("none/pcgd.sock") }), "none/pcgd.sock"],
  ["pcgd whose socket is a folder", () => pcgd({ socket: at("empty") }), "empty"],
  ["pcg-kernel without a configuration", () => pcgKernel({ config: at("none.yaml") }), "none.yaml"],
  ["pcg-kernel without interfaces", () => pcgKernel({}), "uplink0"],
  ["pcg-kernel without a bpffs", () => pcgKernel({}, machine), "mount -t bpf"],
  ["nsx-manager whose state folder is a file", () => manager({ state: at("a-file") }), "a-file"],
  ["nsx-manager whose store is no database", () => manager({ store: at("garbled/manager.db") }), "MANAGER_STORE"],
  ["nsx-manager whose state disk is full", () => manager({ state: at("full") }), "full"],
  ["nsx-manager whose store's disk is full", () => manager({ store: at("full/manager.db") }), "full"],
])("%s ends, and says why", async (_, begin, reason) => {
  const { status, said } = await begin().ended();
  expect(status).toBe(1);
  expect(said).toContain(reason);
  expect(said).not.toMatch(/^\s+at |interfaces that|waiting for/m);
});

test.each<[string, () => Program, () => boolean]>([
  ["pcgd whose pcg-kernel never answers", () => pcgd({ kernel: at("silent.sock") }), () => asked.local],
  ["pcgd whose pcg-kernel is away", () => pcgd({ socket: at("away.sock") }), () => existsSync(at("away.sock"))],
  ["nsx-manager whose store never answers", () => manager({ store: silentStore() }), () => asked.tcp],
])("%s ends at the first SIGTERM", async (_, begin, isUnderWay) => {
  const program = begin();
  await until("it is under way", isUnderWay, 60_000);
  program.signal("SIGTERM");
  expect((await program.ended()).status).toBe(0);
});

test("pcgd says that it waits for pcg-kernel, and not for interfaces, while pcg-kernel is away", async () => {
  const program = pcgd();
  await until("it says what it waits for", () => program.said().includes("pcg-kernel"), 60_000);
  expect(program.said()).not.toMatch(/waiting for interfaces|interfaces that/);
});
