import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Status } from "../../src/api/status.ts";
import { nameIn } from "../../src/lcp/enrol/client.edge.ts";
import { configured } from "../../src/manager/enrol/instance-identity.ts";
import { NodeDesk } from "../../src/manager/enrol/node-desk.ts";
import { BootBench } from "./boot-bench.ts";
import { type Manager, startManager } from "./enrol-bench.ts";
import { inside } from "./inside.ts";
import { sh, until } from "./namespace.ts";

let bench: BootBench;

beforeEach(() => {
  bench = new BootBench();
});
afterEach(() => bench.stop());

const alone = `#cloud-config
pcg:
  unit: a
  desired: { generation: 1, segments: [], teps: [], endpoints: [], tier0: { uplinkRoutes: [] } }
`;

test("pcg-boot waits for what is missing, says what it is, and goes on by itself when it comes", async () => {
  const all = bench.interfaces;
  bench.tell({ faults: { status: 503 }, interfaces: all.slice(0, 2) });
  bench.boot();
  await until("the state is there", () => existsSync(bench.paths.state));
  await bench.untilCodes("CLOUD_METADATA_REFUSED");
  expect(bench.state().phase).toBe("closed");

  bench.tell({ faults: {} });
  await bench.untilCodes("BOOT_ENI_MISSING", "BOOT_USER_DATA_ABSENT");
  expect(bench.text(bench.paths.issue)).toContain("no ENI is attached with device number 2");
  expect(bench.text(bench.paths.keys)).toBe("ssh-ed25519 AAAA operator\n");
  expect(existsSync(bench.paths.config)).toBe(false);

  bench.tell({ interfaces: all });
  await bench.untilCodes("BOOT_USER_DATA_ABSENT");
  bench.tell({ userData: "#cloud-config\npcg: { unit: A, colour: red }\n" });
  await bench.untilCodes("BOOT_USER_DATA_REFUSED");
  await until("the console says so", () => bench.text(bench.paths.console).includes("pcg.colour: no such field"));

  bench.tell({ userData: alone });
  await until("the gateway is started", () => bench.notes().includes("systemctl start --no-block pcg.target"), 60_000);
  expect(bench.text(bench.paths.config)).toMatchInlineSnapshot(`
    "# Written by pcg-boot from the instance's metadata and user data, and again when they change.
    unit: a
    interfaces:
      uplink:
        mac: 02:ec:0a:63:01:0a
      downlink:
        mac: 02:ec:0a:63:03:2c
      management:
        mac: 02:ec:0a:63:02:0a
    tep:
      address: 10.99.3.44
    "
  `);
  await bench.untilCodes();
  expect(bench.sets()).toContain('"elem": ["ens6"]');
  expect(bench.sets()).toContain('"elem": ["ens5"]');
  await until("addresses, MTU and routers are ok", () => {
    const ok = bench
      .state()
      .checks.filter(({ state }) => state === "ok")
      .map(({ name }) => name);
    return ["interfaces", "links", "addresses", "mtu", "routers"].every((name) => ok.includes(name));
  });
  expect(bench.state().phase).toBe("starting");
  expect(await bench.ask("diagnosis")).toContain("pcgd does not answer");
});

const START = "systemctl start --no-block pcg.target";

/** What of pcgd the self-test looks at: its socket, its port, and that it forwards. */
async function serveLikePcgd(of: BootBench): Promise<void> {
  const status = {
    desired: { wished: 1, realized: 1, refused: null, lastError: null },
    controller: { id: "ccp", state: { address: "10.99.250.10", connected: true, lost: null }, reports: [] },
    certificate: { name: "pcg-a", until: "2027-01-01T00:00:00.000Z", expired: false, renews: true, lastError: null },
    objects: { total: 42, byState: { in_sync: 42 }, byKind: { "bpf-program": 6 }, troubled: [] },
  } satisfies Partial<Status>;
  mkdirSync(dirname(of.paths.socket), { recursive: true });
  const server = createServer((_, response) => response.end(JSON.stringify(status)));
  await new Promise<void>((resolve) => server.listen(of.paths.socket, resolve));
  const udp = createSocket("udp4");
  const home = inside(of.machine);
  await new Promise<void>((resolve) => udp.bind(6081, "10.99.3.44", resolve));
  home();
  of.machine.run("sysctl -q -w net.ipv4.ip_forward=1");
  of.undo(() => server.close());
  of.undo(() => udp.close());
}

test("pcg-boot waits for a slow cloud, enrols, starts the gateway, and is ready while all is well", async () => {
  const home = inside(bench.machine);
  const undo: (() => unknown)[] = [];
  const manager = await startManager(undo).finally(home);
  for (const step of undo) bench.undo(step);
  const access = (token: string) =>
    `#cloud-config\npcg: { unit: a, manager: { urls: ["${manager.url}"], pin: "${manager.pin}", token: ${token} } }\n`;

  bench.tell({ faults: { delayMs: 4_000 }, userData: access("spent") });
  bench.boot();
  await until("the state is there", () => existsSync(bench.paths.state));
  await bench.untilCodes("CLOUD_METADATA_SLOW");
  await bench.untilCodes("ENROL_TOKEN_REFUSED");
  expect(existsSync(join(bench.root, "notes")) && bench.notes().includes(START)).toBe(false);

  bench.tell({ faults: {}, userData: access(await manager.token()) });
  await until("the gateway is started", () => bench.notes().includes(START), 60_000);
  const { uid, mode } = statSync(join(bench.paths.credentials, "key.pem"));
  expect([uid, mode & 0o777]).toEqual([Number(sh("id -u pcg")), 0o600]);
  expect(bench.text(bench.paths.config)).toContain("id: ccp");
  expect(existsSync(bench.paths.ready)).toBe(false);

  await serveLikePcgd(bench);
  await until("the unit is ready", () => existsSync(bench.paths.ready));
  expect(await bench.ask("selftest")).not.toMatch(/^(failed|not yet).*[^)]$/m);
  expect(bench.text(bench.paths.issue)).toContain("Public Cloud Gateway 0.1.0: ready");

  // The downlink's cable is pulled, and put back.
  bench.machine.run("ip link set ens5 down");
  await until("it is not ready", () => !existsSync(bench.paths.ready), 30_000);
  expect(bench.state().phase).toBe("unhealthy");
  bench.machine.run("ip link set ens5 up");
  await until("it is ready again", () => existsSync(bench.paths.ready), 30_000);
});

test("pcg-boot enrols by what AWS signed as soon as an operator lists the instance, and says how until then", async () => {
  const home = inside(bench.machine);
  const undo: (() => unknown)[] = [];
  const manager = await startManager(undo, { host: "10.99.2.10" }).finally(home);
  for (const step of undo) bench.undo(step);
  const { region, accountId } = await signDocument(manager);
  bench.tell({
    userData: `#cloud-config\npcg: { unit: pcg-a, manager: { urls: ["${manager.url}"], pin: "${manager.pin}", aws: true } }\n`,
  });
  bench.boot();
  await until("the state is there", () => existsSync(bench.paths.state));
  await bench.untilCodes("ENROL_REFUSED");
  const said = JSON.stringify(bench.state().problems);
  expect(said).toContain(`/enrolment/aws/gateways/pcg-a with accountId ${accountId}`);
  const author = { user: "admin", wallMs: Date.now() };
  await new NodeDesk(manager.commits).listAwsGateway("pcg-a", { accountId, region, privateIp: "10.99.2.10" }, author);
  await until("the gateway is started", () => bench.notes().includes(START), 120_000);
  expect(nameIn({ certificate: bench.text(join(bench.paths.credentials, "certificate.pem")) })).toBe(
    "spiffe://pcg/gateway/pcg-a",
  );
});

/** The metadata service gives a signature of the instance's document, by a key that the manager takes for AWS's. */
async function signDocument(manager: Manager): Promise<{ region: string; accountId: string }> {
  const folder = join(bench.root, "aws");
  mkdirSync(folder);
  const document = bench.identityDocument();
  writeFileSync(join(folder, "document"), document);
  sh(`cd ${folder}
      openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out aws.pem -subj /O=Amazon 2>&1
      openssl cms -sign -binary -nodetach -nocerts -md sha256 -signer aws.pem -inkey key.pem -outform DER -in document -out signed 2>&1`);
  const { region, accountId } = JSON.parse(document) as { region: string; accountId: string };
  const aws = { regions: { [region]: bench.text(join(folder, "aws.pem")) }, accounts: [], networks: [] };
  await manager.commits.commit("admin", configured(aws));
  bench.tell({ signature: readFileSync(join(folder, "signed")).toString("base64") });
  return { region, accountId };
}

test("pcg-boot goes on with what it knew, and mends a firewall that was loaded anew", async () => {
  bench.tell({ userData: alone });
  const first = bench.boot();
  await until("the gateway is started", () => bench.notes().includes(START), 30_000);
  await first.stop("SIGTERM");
  sh(`rm -r ${bench.root}/run`);
  bench.tell({ faults: { status: 503 } });
  bench.machine.run("nft delete table inet appliance");
  bench.boot();
  await until("the state is there", () => existsSync(bench.paths.state));
  await bench.untilCodes("CLOUD_METADATA_REFUSED", "BOOT_NO_LOCKDOWN");
  expect(bench.state()).toMatchObject({ source: "last", phase: "closed", unit: "a" });
  bench.lockDown();
  await bench.untilCodes("CLOUD_METADATA_REFUSED");
  expect(bench.notes().filter((line) => line === START)).toHaveLength(2);
  expect(bench.sets()).toContain('"elem": ["ens6"]');
});

test("pcg-boot names the file that a full disk does not take, and writes it when there is room", async () => {
  const etc = dirname(bench.paths.config);
  sh(`mkdir -p ${etc}; mount -t tmpfs -o size=64k tmpfs ${etc}; head -c 64k /dev/zero >${etc}/ballast || true`);
  bench.undo(() => sh(`umount ${etc}`));
  bench.tell({ userData: alone });
  bench.boot();
  await until("the state is there", () => existsSync(bench.paths.state));
  await bench.untilCodes("BOOT_FILE_UNWRITABLE", "BOOT_FILE_UNWRITABLE");
  expect(bench.state().problems[1]?.what).toContain("pcgd.yaml, why ENOSPC");
  sh(`rm ${etc}/ballast`);
  await until("the gateway is started", () => bench.notes().includes(START), 30_000);
});
