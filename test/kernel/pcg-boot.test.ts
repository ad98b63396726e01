import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BootBench } from "./boot-bench.ts";
import { until } from "./namespace.ts";

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
  expect(bench.text(bench.paths.console)).toContain("pcg.colour: no such field");

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
  expect(bench.ask("diagnosis")).toContain("pcgd does not answer");
});
