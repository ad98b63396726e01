import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { address, inet, seenBy } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";
import { published, replaceInProduct, slotFiles, upgradeStatus } from "./bundle.ts";
import { asRoot, consoleText } from "./unit.ts";

/** Pings an Elastic IP while something is done; how many of so many came back. */
async function pingsDuring(work: () => unknown): Promise<{ sent: number; received: number }> {
  const ping = inet.start("ping", ["-q", "-i", "0.1", address.eip1], ["ignore", "pipe", "inherit"]);
  let said = "";
  ping.child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await work();
  ping.child.kill("SIGINT");
  const counts = await until("ping's counts", () => /(\d+) packets transmitted, (\d+) received/.exec(said));
  return { sent: Number(counts[1]), received: Number(counts[2]) };
}

const isReadyAgain = (from: number) =>
  until("the unit is ready again", () => consoleText().slice(from).includes("pcg-boot: ready"), 600_000);

test("another product takes over while packets flow, none of which is lost", async () => {
  const slot = slotFiles();
  replaceInProduct(slot, "VERSION", "0.1.1\n");
  const url = await published(slot, "0.1.1");
  const { sent, received } = await pingsDuring(() => asRoot(`pcg-upgrade install --limit 600 ${url}`));
  expect(upgradeStatus()).toMatch(/slot [ab] +0\.1\.1.*runs/);
  expect(sent).toBeGreaterThan(100);
  expect(received).toBe(sent);
});

test("a product that does not become healthy goes, the old one is back, and no packet is lost", async () => {
  const slot = slotFiles();
  replaceInProduct(slot, "bin/pcgd", "#!/bin/sh\nexit 1\n");
  const url = await published(slot, "0.1.2");
  const { sent, received } = await pingsDuring(() =>
    expect(() => asRoot(`pcg-upgrade install --limit 20 ${url}`)).toThrow("going back: "),
  );
  expect(upgradeStatus()).toMatch(/0\.1\.1.*runs/);
  expect(received).toBe(sent);
  await until("pcgd serves", () => asRoot("pcgd status").length > 0, 120_000);
});

test("another root file system takes over by a reboot, and stays when it is healthy", async () => {
  const slot = slotFiles();
  sh(
    `mkdir ${slot}/more; echo 2 >${slot}/more/second-root; cd ${slot}; mksquashfs more root.squashfs -quiet -no-progress -all-root; rm -r more`,
  );
  const url = await published(slot, "0.2.0");
  const from = consoleText().length;
  asRoot(`pcg-upgrade install ${url}`);
  await isReadyAgain(from);
  await until("it is kept", () => /0\.2\.0.*runs; good/.test(upgradeStatus()), 300_000);
  expect(asRoot("cat /second-root")).toBe("2\n");
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
});

test("one that cannot boot is left by itself for the one before", async () => {
  const slot = slotFiles();
  writeFileSync(`${slot}/root.squashfs`, "no file system\n");
  const url = await published(slot, "0.3.0");
  const from = consoleText().length;
  asRoot(`pcg-upgrade install ${url}`);
  await isReadyAgain(from);
  expect(consoleText().slice(from)).toContain("slot ");
  expect(upgradeStatus()).toMatch(/0\.2\.0.*runs; good; boots next/);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
});
