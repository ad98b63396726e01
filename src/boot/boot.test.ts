import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { alone, BootWorld, managed } from "../../test/boot-world.ts";
import { PcgError } from "../base/error.ts";

let world: BootWorld;

beforeEach(() => {
  world = new BootWorld();
});

const START = "systemctl start --no-block pcg.target";
const RESTART = "systemctl restart --no-block pcg-kernel.service pcgd.service";
const CONFIG = "/etc/pcg/pcgd.yaml";

/** What it is about, in a state that is what it should be otherwise. */
const problem = () => world.state.problems[0];

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
      "nft add element inet appliance management { "ens7" }",
      "nft add element inet appliance downlink { "ens6" }",
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
  expect(world.done).toHaveLength(length);
  expect(world.consoleLines).toMatchInlineSnapshot(`
    [
      "pcg-boot: starting: gateway: pcgd does not answer: connect ENOENT /run/pcg/pcgd.sock (and 5 more; pcg-boot diagnosis)",
      "pcg-boot: ready",
    ]
  `);
});

/** Every way in which the cloud or its user may be wrong: closed, named, and mended by nothing but the mending. */
const wrongs: Record<string, { break: (w: BootWorld) => void; codes: string[]; says: string }> = {
  "the metadata service refuses": {
    break: (w) => w.tell({ faults: { status: 401 } }),
    codes: ["CLOUD_METADATA_REFUSED"],
    says: "status 401, why it takes no token of ours",
  },
  "a proxy or a setting forbids tokens": {
    break: (w) => w.tell({ faults: { status: 403 } }),
    codes: ["CLOUD_METADATA_REFUSED"],
    says: "it is switched off, or a proxy is between",
  },
  "the metadata service knows version 1 only": {
    break: (w) => w.tell({ faults: { isVersion1: true } }),
    codes: ["CLOUD_METADATA_REFUSED"],
    says: "it knows no tokens, and so only version 1",
  },
  "all answers are empty": {
    break: (w) => w.tell({ faults: { isEmpty: true } }),
    codes: ["CLOUD_METADATA_INCOMPLETE"],
    says: "api/token",
  },
  "there are no interfaces in metadata": {
    break: (w) => w.tell({ faults: { instead: { "meta-data/network/interfaces/macs/": "" } } }),
    codes: ["CLOUD_METADATA_INCOMPLETE"],
    says: "network/interfaces/macs/",
  },
  "an address is none": {
    break: (w) => w.tell({ interfaces: w.instance.interfaces.map((i) => ({ ...i, addresses: ["10.99.2.300"] })) }),
    codes: ["CLOUD_METADATA_BAD"],
    says: "expected IPv4 address, found 10.99.2.300",
  },
  "the third interface is missing": {
    break: (w) => w.tell({ interfaces: w.instance.interfaces.slice(0, 2) }),
    codes: ["BOOT_ENI_MISSING"],
    says: "the downlink interface is missing: no ENI is attached with device number 2",
  },
  "two interfaces have one device number": {
    break: (w) =>
      w.tell({ interfaces: w.instance.interfaces.map((i) => ({ ...i, deviceNumber: Math.min(i.deviceNumber, 1) })) }),
    codes: ["BOOT_ENI_AMBIGUOUS", "BOOT_ENI_MISSING"],
    says: "device number 1 is that of eni-",
  },
  "the kernel does not have an interface": {
    break: (w) => w.present.splice(1, 1),
    codes: ["BOOT_NIC_MISSING"],
    says: "is attached, but the kernel has only ens7 (02:ec:0a:63:02:0a), ens6 (02:ec:0a:63:03:2c)",
  },
  "an interface has no address": {
    break: (w) =>
      w.tell({ interfaces: w.instance.interfaces.map((i) => (i.deviceNumber === 1 ? { ...i, addresses: [] } : i)) }),
    codes: ["BOOT_ENI_NO_ADDRESS"],
    says: "the uplink interface eni-",
  },
  "two interfaces are in one subnet": {
    break: (w) => w.tell({ interfaces: w.instance.interfaces.map((i) => ({ ...i, subnet: "10.99.0.0/18" })) }),
    codes: ["BOOT_SUBNETS_OVERLAP", "BOOT_SUBNETS_OVERLAP", "BOOT_SUBNETS_OVERLAP"],
    says: "management (10.99.2.10) is in subnet 10.99.0.0/18 and uplink (10.99.1.10) in 10.99.0.0/18: they overlap",
  },
  "there is no user data": {
    break: (w) => {
      const { userData: _, ...without } = w.instance;
      w.instance = without;
    },
    codes: ["BOOT_USER_DATA_ABSENT"],
    says: "there is no user data",
  },
  "the user data is no YAML": {
    break: (w) => w.tell({ userData: "pcg: [" }),
    codes: ["BOOT_USER_DATA_UNREADABLE"],
    says: "it is no YAML",
  },
  "the user data is a bomb": {
    break: (w) => w.tell({ userDataBase64: gzipSync(Buffer.alloc(8 * 1024 * 1024)).toString("base64") }),
    codes: ["BOOT_USER_DATA_UNREADABLE"],
    says: "unpacked it has more than",
  },
  "the user data is too long": {
    break: (w) => w.tell({ userData: `${alone}#${"x".repeat(16 * 1024)}` }),
    codes: ["BOOT_USER_DATA_UNREADABLE"],
    says: "16384 are allowed",
  },
  "the user data is somebody else's": {
    break: (w) => w.tell({ userData: "#cloud-config\nruncmd: [ls]\n" }),
    codes: ["BOOT_USER_DATA_UNREADABLE"],
    says: "it has no key pcg",
  },
  "the user data has a field that is unknown and one that is bad": {
    break: (w) => w.tell({ userData: `${alone}  colour: red\n  geneve: { port: 0 }\n` }),
    codes: ["BOOT_USER_DATA_REFUSED"],
    says: "pcg.colour: no such field",
  },
  "a file cannot be written": {
    break: (w) => {
      w.full = (path) => path === CONFIG;
    },
    codes: ["BOOT_FILE_UNWRITABLE"],
    says: "ENOSPC: no space left on device",
  },
  "the appliance's firewall is not loaded": {
    break: (w) => {
      w.sets = undefined;
    },
    codes: ["BOOT_NO_LOCKDOWN"],
    says: "No such file or directory",
  },
  "systemd does not start the gateway": {
    break: (w) => {
      w.failing = (command) => command === START;
    },
    codes: ["BOOT_COMMAND_FAILED"],
    says: "systemctl start --no-block pcg.target, said it does not want to",
  },
  "networkd takes nothing": {
    break: (w) => {
      w.failing = (command) => command === "networkctl reload";
    },
    codes: ["BOOT_COMMAND_FAILED"],
    says: "networkctl reload",
  },
};

test.each(Object.entries(wrongs))(
  "when %s the unit stays closed, says so, and goes on when it is mended",
  async (name, wrong) => {
    const { present, sets, instance } = world;
    world.present = [...present];
    wrong.break(world);
    world.boot();
    await world.pass(120_000);
    expect({ codes: world.codes, ready: world.isReady }).toEqual({ codes: wrong.codes, ready: false });
    expect(problem()?.what).toContain(wrong.says);
    expect(problem()?.remedy).not.toBe("");
    if (name !== "systemd does not start the gateway" && name !== "networkd takes nothing")
      expect(world.commands).not.toContain(START);
    Object.assign(world, { present, sets, instance, full: () => false, failing: () => false });
    world.serve();
    await world.pass(12_000);
    expect(world.codes).toEqual([]);
    expect(world.commands.filter((line) => line === START).length).toBeGreaterThan(0);
    expect(world.isReady).toBe(true);
  },
);

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
  expect(world.sets).toEqual({ management: ["ens7"], downlink: ["ens6"] });
});

test.each([
  ["ENROL_UNREACHABLE", { manager: "https://10.99.250.10", why: "connect ECONNREFUSED" }],
  ["ENROL_WRONG_AUTHORITY", { pinned: "sha256:00", found: "sha256:11" }],
  ["ENROL_REFUSED", { status: 403, why: "the token is used up" }],
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

test("a new token in the user data is used at once", async () => {
  world.tell({ userData: managed });
  world.enrolFails = new PcgError("ENROL_REFUSED", { why: "the token is used up" });
  world.boot();
  await world.pass(300_000);
  world.enrolFails = undefined;
  world.tell({ userData: managed.replace("once", "another") });
  await world.pass(6_000);
  expect(world.commands).toContain(START);
});

test("an element that somebody removes from the firewall's sets comes back", async () => {
  world.boot();
  await world.pass(10_000);
  world.sets = { management: [], downlink: ["ens6", "eth9"] };
  await world.pass(40_000);
  expect(world.sets).toEqual({ management: ["ens7"], downlink: ["ens6"] });
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
    `"pcg-boot: UNHEALTHY: gateway: pcgd does not answer: connect ECONNREFUSED (and 5 more; pcg-boot diagnosis)"`,
  );
  world.serve();
  await world.pass(6_000);
  expect(world.isReady).toBe(true);
});
