import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { alone, BootWorld } from "../../test/boot-world.ts";

let world: BootWorld;

beforeEach(() => {
  world = new BootWorld();
});

const START = "systemctl start --no-block pcg.target";
const CONFIG = "/etc/pcg/pcgd.yaml";

/** What it is about, in a state that is what it should be otherwise. */
const problem = () => world.state.problems[0];

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
  "the appliance's firewall cannot be loaded": {
    break: (w) => {
      w.failing = (command) => command === "systemctl reload pcg-lockdown.service";
    },
    codes: ["BOOT_NO_LOCKDOWN"],
    says: "it does not want to",
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
    const { present, instance } = world;
    world.present = [...present];
    wrong.break(world);
    world.boot();
    await world.pass(120_000);
    expect({ codes: world.codes, ready: world.isReady }).toEqual({ codes: wrong.codes, ready: false });
    expect(problem()?.what).toContain(wrong.says);
    expect(problem()?.remedy).not.toBe("");
    if (name !== "systemd does not start the gateway" && name !== "networkd takes nothing")
      expect(world.commands).not.toContain(START);
    Object.assign(world, { present, instance, full: () => false, failing: () => false });
    world.serve();
    await world.pass(12_000);
    expect(world.codes).toEqual([]);
    expect(world.commands.filter((line) => line === START).length).toBeGreaterThan(0);
    expect(world.isReady).toBe(true);
  },
);
