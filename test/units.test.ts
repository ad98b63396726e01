import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const rootfs = join(import.meta.dirname, "../appliance/rootfs");
const folder = join(rootfs, "etc/systemd/system");
const isUnit = (name: string) =>
  /^pcg.*\.(service|target|slice)$|^(etc|run)-pcg.*\.mount$|^ssh-host-key\.service$/.test(name);
const units = readdirSync(folder).filter(isUnit);
const textOf = (unit: string) => readFileSync(join(folder, unit), "utf8");

/** A root with systemd's own units, ours, and something at every path that a unit starts. */
function boxRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "units-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "usr/lib/systemd"), { recursive: true });
  execFileSync("cp", ["-a", "/usr/lib/systemd/system", join(root, "usr/lib/systemd/system")]);
  symlinkSync("usr/lib", join(root, "lib"));
  cpSync(rootfs, root, { recursive: true, verbatimSymlinks: true });
  for (const [, command = ""] of units
    .map(textOf)
    .join("\n")
    .matchAll(/^Exec\w+=[-+!@:]*(\/\S+)/gm)) {
    mkdirSync(dirname(join(root, command)), { recursive: true });
    writeFileSync(join(root, command), "#!/bin/sh\n", { mode: 0o755 });
  }
  return root;
}

test("units are what systemd understands, every line", () => {
  const root = boxRoot();
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", `--root=${root}`, ...units], {
    encoding: "utf8",
  });
  const ours = stderr.split("\n").filter((line) => units.some((unit) => line.includes(unit)));
  expect({ ours, status }).toEqual({ ours: [], status: 0 });
});

test("the manager's unit is what systemd understands, starts what its package installs, and is exposed by 2 at most", () => {
  const appliance = join(rootfs, "../manager");
  const unit = readFileSync(join(appliance, "nsx-manager.service"), "utf8");
  const [, program] = /^ExecStart=(\S+)/m.exec(unit) ?? [];
  expect(program).toBe("/opt/nsx-manager/bin/nsx-manager");
  const package_ = readFileSync(join(appliance, "package.sh"), "utf8");
  expect(package_).toContain('"$tree/bin/nsx-manager"');
  expect(readFileSync(join(appliance, "install.sh"), "utf8")).toContain("mv /opt/nsx-manager.next /opt/nsx-manager\n");
  const args = ["security", "--offline=true", join(appliance, "nsx-manager.service")];
  const said = execFileSync("systemd-analyze", args, { encoding: "utf8" });
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(2);
});

/** `systemd-analyze security`: 0 is nothing left to take away, 10 all that root may. */
test.each([
  ["pcgd.service", 1.4],
  ["pcg-kernel.service", 2.0],
  ["pcg-load.service", 2.4],
  ["pcg-boot.service", 3.0],
  ["pcg-upgrade-confirm.service", 2.8],
  ["pcg-lockdown.service", 2.3],
])("%s is exposed by %d at most", (unit, most) => {
  const said = execFileSync("systemd-analyze", ["security", "--offline=true", join(folder, unit)], {
    encoding: "utf8",
  });
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(most);
});

const setting = (unit: string, name: string) =>
  [...textOf(unit).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value);

test("of what runs for long, pcg-kernel alone may change the network or load programs", () => {
  expect(setting("pcg-kernel.service", "CapabilityBoundingSet")).toEqual(["CAP_NET_ADMIN CAP_BPF"]);
  expect(setting("pcgd.service", "CapabilityBoundingSet")).toEqual([""]);
  expect(setting("pcg-boot.service", "CapabilityBoundingSet")).toEqual(["CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER"]);
});

const megabytes = (limit = "") => Number.parseInt(limit, 10) * (limit.endsWith("G") ? 1_024 : 1);

test("memory limits leave a machine of 4 GB a gigabyte and a quarter at least", () => {
  const [slice = 0] = setting("pcg.slice", "MemoryMax").map(megabytes);
  const daemons = ["pcgd.service", "pcg-kernel.service"].flatMap((u) => setting(u, "MemoryMax").map(megabytes));
  const others = ["pcg-boot.service"].flatMap((u) => setting(u, "MemoryMax").map(megabytes));
  expect(daemons.reduce((a, b) => a + b)).toBeLessThanOrEqual(slice);
  expect(slice + others.reduce((a, b) => a + b)).toBeLessThanOrEqual(4_096 - 1_280);
});

test("daemons are watched, started again for ever, and leave a bounded core", () => {
  for (const unit of ["pcgd.service", "pcg-kernel.service", "pcg-boot.service"]) {
    expect([unit, ...setting(unit, "Type")]).toEqual([unit, "notify"]);
    expect(setting(unit, "Restart")).toEqual(["always"]);
    expect(setting(unit, "StartLimitIntervalSec")).toEqual(["0"]);
    expect(setting(unit, "WatchdogSec")).toHaveLength(1);
    expect(setting(unit, "LimitCORE")).toEqual(["256M"]);
  }
});

test("preset starts what the box needs and nothing else; the gateway itself only pcg-boot starts", () => {
  const root = boxRoot();
  execFileSync("systemctl", [`--root=${root}`, "--quiet", "preset-all"], { stdio: "ignore" });
  const links = readdirSync(join(root, "etc/systemd/system"), { recursive: true, encoding: "utf8" });
  const starts = links.filter((path) => /\.(wants|requires)\//.test(path)).map((path) => basename(path));
  const installed = units.filter((unit) => textOf(unit).includes("[Install]"));
  expect(installed.filter((unit) => !starts.includes(unit))).toEqual([]);
  const allowed =
    /^(pcg-|etc-pcg|run-pcg|ssh|systemd-(network-generator|networkd|resolved|pstore)|getty@|fstrim|chrony)/;
  expect(starts.filter((unit) => !allowed.test(unit))).toEqual([]);
  expect(
    ["pcg.target", "pcg-load.service", "pcg-kernel.service", "pcgd.service"].filter((u) => starts.includes(u)),
  ).toEqual([]);
});
