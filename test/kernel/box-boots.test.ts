import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsFor } from "../aws/document.ts";
import { BootBench } from "./boot-bench.ts";
import { Box } from "./box.ts";
import { until } from "./namespace.ts";

const userData = `#cloud-config
pcg:
  unit: a
  desired: { generation: 1, segments: [], teps: [], endpoints: [], tier0: { uplinkRoutes: [] } }
`;

/** A system call that a unit's filter forbids ends the process here; on the box it fails with EPERM. */
const strict = "[Service]\nSystemCallErrorNumber=\n";
const units = ["pcg-lockdown", "pcg-boot", "pcg-load", "pcg-kernel", "pcgd"];

let bench: BootBench;
let box: Box;
beforeAll(() => {
  bench = new BootBench();
  bench.machine.run("nft delete table inet appliance");
  bench.tell({ userData });
  box = new Box(bench.machine, {
    start: "box.target",
    config: {},
    units: {
      "box.target": "[Unit]\nWants=pcg-lockdown.service systemd-networkd.service pcg-boot.service\n",
      ...Object.fromEntries(units.map((unit) => [`${unit}.service.d/strict.conf`, strict])),
    },
  });
});
afterAll(async () => {
  await box.remove();
  await bench.stop();
});

test("a box goes from the metadata to ready by its units alone, each in its confinement", async () => {
  await until("it is ready", () => box.run("cat /run/pcg/boot/ready"), 60_000).catch((error) => {
    throw new Error(box.run("pcg-boot diagnosis; journalctl --no-pager -o cat -u 'pcg*'"), { cause: error });
  });
  for (const unit of ["pcg-boot", "pcg-kernel", "pcgd"])
    expect([unit, box.show(unit, "ActiveState"), box.show(unit, "NRestarts")]).toEqual([unit, "active", "0"]);
  expect(box.run("nft list set inet appliance management")).toContain('"ens6"');
  expect(box.run("stat -c '%U %a %n' /run/pcg-keys /run/pcg-keys/admin")).toBe(
    "root 755 /run/pcg-keys\nroot 644 /run/pcg-keys/admin\n",
  );
});

test("what AWS.md has operators ask of a gateway is answered", () => {
  const blocks = commandsFor("gateway");
  expect(blocks).toHaveLength(2);
  const said = blocks.map((block) => box.run(block.replaceAll("sudo ", ""))).join("");
  expect(said).toContain("10.99.2.10");
  expect(said).not.toMatch(/^failed/m);
});

test("what the gateway's daemons may write does not reach the operators' keys nor the state of the boot", () => {
  const as = (user: string, command: string) =>
    box.run(
      `setpriv --reuid=${user} --regid=pcg --clear-groups sh -c '${command}' 2>/dev/null && echo done || echo refused`,
    );
  for (const user of ["pcg", "pcg-kernel"])
    for (const command of ["mv /run/pcg/boot /run/pcg/b", "touch /run/pcg-keys/admin", "touch /run/pcg/boot/ready"])
      expect([user, command, as(user, command)]).toEqual([user, command, "refused\n"]);
  expect(as("pcg", "rm /run/pcg/kernel.sock")).toBe("refused\n");
});
