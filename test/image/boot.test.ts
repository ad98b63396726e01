import { expect, test } from "vitest";
import { until } from "../kernel/namespace.ts";
import { asRoot, consoleText, onUnit } from "./unit.ts";

test("a unit from the image is ready, nothing failed, and it says so where an operator looks", async () => {
  expect(consoleText()).toContain("pcg-boot: ready");
  await until("the console shows who it is", () => /Public Cloud Gateway \S+: ready/.test(consoleText()), 30_000);
  expect(consoleText()).toMatch(/uplink +\S+ +02:ec:0a:63:01:0a +10\.99\.1\.10\/24/);
  expect(onUnit("systemctl list-units --failed --plain --no-legend")).toBe("");
  const { healthy, checks } = JSON.parse(asRoot("pcg-boot selftest --json"));
  expect(checks.filter((check: { isLocal: boolean; state: string }) => check.isLocal && check.state !== "ok")).toEqual(
    [],
  );
  expect(healthy).toBe(true);
});

test("its root is read-only, its /var is not, and an operator is root by saying so alone", () => {
  expect(() => asRoot("touch /etc/x")).toThrow("Read-only file system");
  expect(() => asRoot("touch /opt/pcg/x")).toThrow("Read-only file system");
  asRoot("touch /var/x && rm /var/x");
  expect(onUnit("id -un").trim()).toBe("admin");
  expect(() => onUnit("cat /etc/shadow")).toThrow("Permission denied");
  expect(asRoot("swapon --show")).toBe("");
  expect(asRoot("pcg-upgrade status")).toMatch(/slot [ab] .*\[runs; good; boots next]/);
});

test("only pcg-kernel may change the network or load programs, and everything has its memory", () => {
  const show = (unit: string) => onUnit(`systemctl show -p CapabilityBoundingSet,MemoryMax,NoNewPrivileges ${unit}`);
  expect(show("pcgd")).toMatch(/CapabilityBoundingSet=\n/);
  expect(show("pcg-kernel")).toMatch(/CapabilityBoundingSet=cap_net_admin cap_bpf\n/);
  expect(show("pcg-boot")).toMatch(/CapabilityBoundingSet=cap_chown cap_dac_override cap_fowner\n/);
  for (const unit of ["pcgd", "pcg-kernel", "pcg-boot"]) {
    expect(show(unit)).toContain("NoNewPrivileges=yes");
    expect(show(unit)).toMatch(/MemoryMax=\d+/);
    expect(asRoot(`systemctl show -p MemoryCurrent ${unit}`)).toMatch(/MemoryCurrent=\d+/);
  }
});
