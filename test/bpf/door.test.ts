import { execFileSync } from "node:child_process";
import { appendFileSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OBJECT_DIR } from "../../src/datapath/bpf/build.edge.ts";
import { encodeKey, encodeValue, maps } from "../../src/datapath/bpf/layouts.ts";
import { openBpf } from "../../src/kernel/bpf.edge.ts";
import { interfaceIndexes } from "../../src/kernel/libbpf.edge.ts";
import { Ipv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { type Bench, bench, sh } from "./harness.ts";

let t: Bench;
let scratch: string;
beforeAll(() => {
  t = bench();
  scratch = mkdtempSync(join(tmpdir(), "hb-objects-"));
  sh("ip link set lo up");
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
  t.close();
});

const LO = 1;

/** The same objects with another digest, as an upgrade would bring. */
function otherVersion(): string {
  const directory = join(scratch, "other");
  cpSync(OBJECT_DIR, directory, { recursive: true });
  appendFileSync(join(directory, "uplink.bpf.o"), "\0");
  return directory;
}

const versions = () => readdirSync(t.directory).filter((name) => name.startsWith("programs-"));

test("attach puts a program on a hook, attached names it, detach takes it off", () => {
  expect(t.bpf.attached(LO, "ingress", 0)).toBeUndefined();
  t.bpf.attach(LO, "ingress", "uplink_ingress");
  expect(t.bpf.attached(LO, "ingress", 0)).toBe("uplink_ingress");
  expect(t.bpf.attached(LO, "egress", 0)).toBeUndefined();
  t.bpf.attach(LO, "ingress", "downlink_ingress");
  expect(t.bpf.attached(LO, "ingress", 0)).toBe("downlink_ingress");
  t.bpf.detach(LO, "ingress", 0);
  t.bpf.detach(LO, "ingress", 0);
  expect(t.bpf.attached(LO, "ingress", 0)).toBeUndefined();
});

test("ensureLoaded finds what an earlier process pinned, entries and all", () => {
  const entry = [
    encodeKey("segments", { vni: 7 }),
    encodeValue("segments", { gateway: Ipv4(1), dhcpServer: Ipv4(1) }),
  ] as const;
  t.bpf.update("segments", [entry]);
  t.bpf.attach(LO, "egress", "uplink_egress");
  const later = openBpf(t.directory, OBJECT_DIR);
  later.ensureLoaded();
  expect(later.entries("segments")).toEqual([entry]);
  expect(later.attached(LO, "egress", 0)).toBe("uplink_egress");
  later.remove("segments", [entry[0], entry[0]]);
  expect(t.bpf.entries("segments")).toEqual([]);
  later.detach(LO, "egress", 0);
});

test("a new version shares the maps, tells the old program from its own, and prune forgets the old one once it is off", () => {
  const upgrade = openBpf(t.directory, otherVersion());
  expect(upgrade.digest).not.toBe(t.bpf.digest);
  t.bpf.update("segments", [
    [encodeKey("segments", { vni: 8 }), encodeValue("segments", { gateway: Ipv4(2), dhcpServer: Ipv4(3) })],
  ]);
  t.bpf.attach(LO, "ingress", "uplink_ingress");
  upgrade.ensureLoaded();
  expect(upgrade.entries("segments")).toEqual(t.bpf.entries("segments"));
  expect(upgrade.attached(LO, "ingress", 0)).toBe(`uplink_ingress.${t.bpf.digest}`);
  upgrade.prune();
  expect(versions()).toHaveLength(2);
  upgrade.attach(LO, "ingress", "uplink_ingress");
  expect(upgrade.attached(LO, "ingress", 0)).toBe("uplink_ingress");
  upgrade.prune();
  expect(versions()).toEqual([`programs-${upgrade.digest}`]);
  expect(t.bpf.attached(LO, "ingress", 0)).toBe(`uplink_ingress.${upgrade.digest}`);
  upgrade.unload();
  expect(upgrade.attached(LO, "ingress", 0)).toBeUndefined();
  expect(readdirSync(t.directory).filter((name) => !name.endsWith(".debug"))).toEqual([]);
  t.bpf.ensureLoaded();
});

test("ensureLoaded repairs a set of pins that is not whole", () => {
  const again = openBpf(t.directory, OBJECT_DIR);
  sh(`rm ${t.directory}/programs-${again.digest}/overlay_egress`);
  again.ensureLoaded();
  expect(readdirSync(join(t.directory, `programs-${again.digest}`))).toHaveLength(8);
});

test("attached does not take a program for ours whose pin is gone", () => {
  const other = openBpf(t.directory, OBJECT_DIR);
  other.ensureLoaded();
  other.attach(LO, "ingress", "uplink_ingress");
  sh(`rm -r ${t.directory}/programs-${other.digest}`);
  const later = openBpf(t.directory, OBJECT_DIR);
  expect(later.attached(LO, "ingress", 0)).toMatch(/^unknown\.\d+$/);
  later.ensureLoaded();
  later.attach(LO, "ingress", "uplink_ingress");
  expect(later.attached(LO, "ingress", 0)).toBe("uplink_ingress");
  later.detach(LO, "ingress", 0);
});

test("update, entries and remove hold ten thousand endpoints", () => {
  const bpf = openBpf(t.directory, OBJECT_DIR);
  const entries = Array.from({ length: 10_000 }, (_, n) => {
    const value = { tep: Ipv4(n), vni: n, mac: parseMac("02:00:00:00:00:01") };
    return [encodeKey("endpoints", { address: Ipv4(n) }), encodeValue("endpoints", value)] as const;
  });
  bpf.update("endpoints", entries);
  const order = (list: readonly (readonly Uint8Array[])[]) =>
    list.map((e) => Buffer.concat(e).toString("hex")).toSorted();
  expect(order(bpf.entries("endpoints"))).toEqual(order(entries));
  bpf.remove(
    "endpoints",
    entries.map(([key]) => key),
  );
  expect(bpf.entries("endpoints")).toEqual([]);
});

test("update refuses what does not fit with the errno's name", () => {
  const bpf = openBpf(t.directory, OBJECT_DIR);
  const over = encodeKey("devices", { index: maps.devices.entries });
  const value = encodeValue("devices", { uplink: 0, downlink: 1, overlay: 2, overlayIn: 3 });
  expect(() => bpf.update("devices", [[over, value]])).toThrow(/KERNEL_REFUSED.*E2BIG/);
  expect(() => bpf.attach(4_000_000, "ingress", "uplink_ingress")).toThrow(/KERNEL_REFUSED.*(ENODEV|EINVAL)/);
});

test("the object files of another compiler run that are no eBPF are refused with the errno's name", () => {
  const broken = join(scratch, "broken");
  mkdirSync(broken);
  for (const name of ["downlink", "flows", "overlay", "uplink"]) writeFileSync(join(broken, `${name}.bpf.o`), "no ELF");
  expect(() => openBpf(t.directory, broken).ensureLoaded()).toThrow(/KERNEL_REFUSED/);
});

const nobody = 65_534;
const checkout = join(import.meta.dirname, "../..");
const objects = OBJECT_DIR.replace(checkout, "/mnt");

/** What a process says that is no root and has these capabilities alone. */
function asNobody(capabilities: string, ...words: string[]): unknown {
  const caps = `-all,${capabilities}`;
  const out = execFileSync("unshare", [
    // Nobody may be kept out of the checkout: it sees it at /mnt.
    ...["--mount", "--propagation", "private", "sh", "-ec", 'mount -o bind,ro "$0" /mnt; exec "$@"', checkout],
    ...["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"],
    ...[`--inh-caps=${caps}`, `--ambient-caps=${caps}`, `--bounding-set=${caps}`],
    ...["/mnt/node_modules/.bin/node", "/mnt/test/bpf/least-privilege.ts", ...words],
  ]);
  return JSON.parse(out.toString());
}

test("CAP_NET_ADMIN and CAP_BPF are enough without root; loading takes CAP_PERFMON and CAP_SYS_ADMIN beside them", () => {
  expect(interfaceIndexes()).toContain(LO);
  const pins = join(t.directory, "nobody");
  mkdirSync(pins);
  chownSync(pins, nobody, nobody);
  expect(asNobody("+net_admin,+bpf,+perfmon,+sys_admin", "load", pins, objects)).toEqual({
    uid: nobody,
    capabilities: "000000c000201000",
    loaded: true,
    learns: true,
  });
  expect(asNobody("+net_admin,+bpf", "use", pins, objects)).toEqual({
    uid: nobody,
    capabilities: "0000008000001000",
    attached: "downlink_ingress",
    segments: 1,
    counters: true,
  });
});
