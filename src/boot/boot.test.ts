import { beforeEach, expect, test } from "vitest";
import { alone, BootWorld, managed } from "../../test/boot-world.ts";
import { PcgError } from "../base/error.ts";

let world: BootWorld;

beforeEach(() => {
  world = new BootWorld();
});

const START = "systemctl start --no-block pcg.target";
const RESTART = "systemctl restart --no-block pcg-kernel.service pcgd.service";
const LOCK = "systemctl reload pcg-lockdown.service";
const CONFIG = "/etc/pcg/pcgd.yaml";

test("a good boot writes, starts, tests itself and is ready, and then rests", async () => {
  world.boot();
  await world.pass(1_000);
  expect(world.done).toMatchInlineSnapshot(`
    [
      "write /run/systemd/network/10-pcg-management.network",
      "write /run/systemd/network/10-pcg-uplink.network",
      "write /run/systemd/network/10-pcg-downlink.network",
      "write /run/pcg-keys/admin",
      "networkctl reload",
      "write /run/pcg-lockdown/interfaces.nft",
      "systemctl reload pcg-lockdown.service",
      "write /etc/pcg/desired.yaml",
      "write /etc/pcg/pcgd.yaml",
      "write /var/lib/pcg-boot/known.json",
      "systemctl start --no-block pcg.target",
    ]
  `);
  expect(world.state.phase).toBe("starting");
  expect(world.isReady).toBe(false);
  world.serve();
  await world.pass(3_000);
  expect(world.isReady).toBe(true);
  const { length } = world.done;
  await world.pass(600_000);
  expect(world.done.slice(length)).toEqual(Array(9).fill(LOCK));
  expect(world.consoleLines).toMatchInlineSnapshot(`
    [
      "pcg-boot: starting: gateway: pcgd does not answer: connect ENOENT /run/pcg/pcgd.sock (and 5 more; pcg-boot diagnosis)",
      "pcg-boot: ready
    Public Cloud Gateway 1.2.3: ready
      unit a, instance i-00000000000000061 (c6in.large, eu-central-1a)
      management  ens7      02:ec:0a:63:02:0a  10.99.2.10/24  up
      uplink      ens5      02:ec:0a:63:01:0a  10.99.1.10/24  up +2 (10.99.1.20, 10.99.1.21)
      downlink    ens6      02:ec:0a:63:03:2c  10.99.3.44/24  up",
    ]
  `);
});

test("a metadata service that takes 4 s for each answer is waited for", async () => {
  world.tell({ faults: { delayMs: 4_000 } });
  world.boot();
  await world.pass(6_000);
  expect(world.codes).toEqual(["CLOUD_METADATA_SLOW"]);
  world.serve();
  await world.pass(20_000);
  expect(world.codes).toEqual([]);
  expect(world.isReady).toBe(true);
});

test("what was known at the last boot is good enough after 5 s, or at once when the cloud says no", async () => {
  world.serve();
  world.boot();
  await world.pass(10_000);
  world.tell({ faults: { delayMs: 600_000 } });
  world.boot();
  await world.pass(4_900);
  expect(world.state).toBe(null);
  await world.pass(3_000);
  expect(world.state).toMatchObject({ phase: "ready", source: "last", unit: "a" });
  expect(world.codes).toEqual(["CLOUD_METADATA_SLOW"]);
  world.tell({ faults: { status: 503 } });
  world.boot();
  await world.pass(100);
  expect(world.commands.filter((line) => line === START)).toHaveLength(3);
});

test("what was known at the last boot is nothing to a machine with other interfaces", async () => {
  world.boot();
  await world.pass(10_000);
  world.tell({ faults: { status: 503 } });
  world.present = world.instance.interfaces.map((i, n) =>
    world.nicOf({ ...i, mac: `02:00:00:00:00:0${n}` }, `ens${n}`),
  );
  world.boot();
  await world.pass(10_000);
  expect(world.codes).toEqual(["CLOUD_METADATA_REFUSED", "BOOT_OTHER_MACHINE"]);
  expect(world.state.phase).toBe("closed");
});

test("another instance's secrets and configuration are put away before anything is started", async () => {
  world.tell({ userData: managed });
  world.boot();
  await world.pass(10_000);
  const before = world.instance.id;
  world.tell({ id: "i-0123456789abcdef0" });
  world.done.length = 0;
  world.boot();
  await world.pass(10_000);
  expect(world.commands).toEqual([
    ...["/etc/pcg/credentials", CONFIG, "/etc/pcg/desired.yaml", "/var/lib/pcg", "/var/lib/pcg-boot/known.json"].map(
      (path) => `put away ${path} as ${path}.${before}`,
    ),
    "networkctl reload",
    LOCK,
    "enrol",
    START,
  ]);
});

test("a gateway that runs is stopped before it becomes another", async () => {
  world.boot();
  await world.pass(10_000);
  world.tell({ id: "i-0123456789abcdef0" });
  world.done.length = 0;
  await world.pass(31_000);
  expect(world.commands[0]).toBe("systemctl stop pcgd.service pcg-kernel.service");
  expect(world.commands.at(-1)).toBe(START);
});

test("what goes wrong while the gateway runs is told, and stops nothing", async () => {
  world.serve();
  world.boot();
  await world.pass(10_000);
  world.tell({ userData: "pcg: {}" });
  await world.pass(31_000);
  expect(world.codes).toEqual(["BOOT_USER_DATA_REFUSED"]);
  expect(world.isReady).toBe(true);
  const all = world.instance.interfaces;
  world.tell({ userData: alone, interfaces: all.slice(0, 2) });
  await world.pass(31_000);
  expect(world.codes).toEqual(["BOOT_ENI_MISSING"]);
  expect(world.state.phase).toBe("unhealthy");
  world.tell({ interfaces: all });
  await world.pass(31_000);
  expect(world.isReady).toBe(true);
  expect(world.commands).not.toContain(RESTART);
});

test("a changed configuration restarts the daemons, once; secondary addresses that come later do not", async () => {
  world.serve();
  world.boot();
  await world.pass(10_000);
  const [first, uplink, ...others] = world.instance.interfaces;
  if (!first || !uplink) throw new Error("no uplink");
  world.tell({ interfaces: [first, { ...uplink, addresses: [...uplink.addresses, "10.99.1.99"] }, ...others] });
  await world.pass(31_000);
  expect(world.state.interfaces[1]?.secondaries).toContain("10.99.1.99");
  expect(world.commands).not.toContain(RESTART);
  world.tell({ userData: alone.replace("unit: a", "unit: b") });
  await world.pass(200_000);
  expect(world.commands.filter((line) => line === RESTART)).toHaveLength(1);
  world.boot({ isPowerOn: false });
  await world.pass(60_000);
  expect(world.commands.filter((line) => line === START || line === RESTART)).toHaveLength(2);
});

test("the order of interfaces and their names mean nothing, only the device number", async () => {
  world.tell({ interfaces: world.instance.interfaces.toReversed() });
  world.present.reverse();
  world.boot();
  await world.pass(1_000);
  expect(world.state.interfaces.map(({ role, name, address }) => `${role} ${name} ${address}`)).toEqual([
    "management ens7 10.99.2.10/24",
    "uplink ens5 10.99.1.10/24",
    "downlink ens6 10.99.3.44/24",
  ]);
  expect(world.files.get(world.paths.lockdown)).toMatchInlineSnapshot(`
    "# Written by pcg-boot.
    flush set inet appliance management
    add element inet appliance management { "ens7" }
    flush set inet appliance downlink
    add element inet appliance downlink { "ens6" }
    "
  `);
});

test.each([
  ["ENROL_UNREACHABLE", { manager: "https://10.99.250.10", why: "connect ECONNREFUSED" }],
  ["ENROL_WRONG_AUTHORITY", { pinned: "sha256:00", found: "sha256:11" }],
  ["ENROL_REFUSED", { status: 403, why: "is not listed for a gateway" }],
] as const)("%s: nothing is started without a certificate, and it is asked for again", async (code, detail) => {
  world.tell({ userData: managed });
  world.enrolFails = new PcgError(code, detail);
  world.boot();
  await world.pass(300_000);
  expect(world.codes).toEqual([code]);
  expect(world.state.phase).toBe("closed");
  const asked = world.done.filter((line) => line === "enrol").length;
  expect(asked).toBeGreaterThan(6);
  expect(asked).toBeLessThan(12);
  world.enrolFails = undefined;
  world.serve({ controller: { id: "ccp", connected: false, lost: "connect ECONNREFUSED" } });
  await world.pass(61_000);
  expect(world.codes).toEqual([]);
  expect(world.isReady).toBe(true);
});

test("a spent token is not shown again and again, the state says what to do, and a new one is used at once", async () => {
  world.tell({ userData: managed });
  world.enrolFails = new PcgError("ENROL_TOKEN_REFUSED", { why: "was used at 2026-01-01T00:00:00.000Z" });
  world.boot();
  await world.pass(300_000);
  expect(world.done.filter((line) => line === "enrol")).toHaveLength(1);
  expect(world.state.problems).toMatchObject([
    {
      code: "ENROL_TOKEN_REFUSED",
      what: expect.stringContaining("was used at 2026-01-01"),
      remedy: expect.stringMatching(/nsx-manager join gateway NAME.*manager\.aws: true/),
    },
  ]);
  world.enrolFails = undefined;
  world.tell({ userData: managed.replace("once", "another") });
  await world.pass(6_000);
  expect(world.commands).toContain(START);
});

test("the firewall knows an interface that comes late, and lets nobody in by one that has gone", async () => {
  const [first, second, third] = world.present;
  if (!first || !second || !third) throw new TypeError("three interfaces");
  world.present = [first, second];
  world.boot();
  await world.pass(10_000);
  expect(world.files.get(world.paths.lockdown)).not.toContain(third.name);
  world.present = [first, second, third];
  await world.pass(10_000);
  expect(world.files.get(world.paths.lockdown)).toContain(`downlink { "${third.name}" }`);
  world.present = [first, second];
  await world.pass(10_000);
  expect(world.files.get(world.paths.lockdown)).not.toContain(third.name);
  expect(world.done.filter((line) => line === LOCK)).toHaveLength(3);
});

test("ready goes while the box is not healthy, and comes back", async () => {
  world.serve();
  world.boot();
  await world.pass(5_000);
  expect(world.isReady).toBe(true);
  world.gatewayFacts = "connect ECONNREFUSED";
  await world.pass(16_000);
  expect([world.isReady, world.state.phase]).toEqual([false, "unhealthy"]);
  expect(world.consoleLines.at(-1)).toMatchInlineSnapshot(
    `
    "pcg-boot: UNHEALTHY: gateway: pcgd does not answer: connect ECONNREFUSED (and 5 more; pcg-boot diagnosis)
    Public Cloud Gateway 1.2.3: UNHEALTHY
      unit a, instance i-00000000000000061 (c6in.large, eu-central-1a)
      management  ens7      02:ec:0a:63:02:0a  10.99.2.10/24  up
      uplink      ens5      02:ec:0a:63:01:0a  10.99.1.10/24  up +2 (10.99.1.20, 10.99.1.21)
      downlink    ens6      02:ec:0a:63:03:2c  10.99.3.44/24  up
      ! gateway: pcgd does not answer: connect ECONNREFUSED
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
      ! programs: pcgd does not answer
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
      ! objects: pcgd does not answer
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
      ! forwarding: pcgd does not answer
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
      ! dhcp: nobody listens on 10.99.3.44:6081
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status
      ! certificate: pcgd does not answer
        → see systemctl status pcg-load pcg-kernel pcgd, and pcgd status"
  `,
  );
  world.serve();
  await world.pass(6_000);
  expect(world.isReady).toBe(true);
});
