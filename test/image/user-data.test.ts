import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import type { MetadataFile, MetadataInstance } from "../../src/lab/metadata.ts";
import { api } from "../control/policy.ts";
import { address, inet, LAB, lab, manager, seenBy } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";
import { consoleSays, consoleText, cutPower, paths, replaceDisk, switchOn } from "./unit.ts";

/** Changes what the metadata service tells the unit. */
function tell(change: (instance: MetadataInstance) => MetadataInstance): void {
  const { instances }: MetadataFile = JSON.parse(readFileSync(paths.metadata, "utf8"));
  writeFileSync(`${paths.metadata}.new`, JSON.stringify({ instances: instances.map(change) }));
  renameSync(`${paths.metadata}.new`, paths.metadata);
}

const before = readFileSync(paths.metadata, "utf8");
afterAll(() => writeFileSync(paths.metadata, before));

/** One that is good once more. */
const newToken = (): string =>
  manager
    .run(
      `${process.execPath} src/bin/nsx-manager.ts join gateway pcg-a --url https://10.99.250.10 \
        --token /run/pcg-${LAB}/mgr/admin.token --authority /run/pcg-${LAB}/mgr/authority.pem`,
    )
    .trim();

test("a new unit whose third interface is missing and whose user data is wrong stays closed, says so, and mends itself", async () => {
  cutPower();
  replaceDisk();
  const sound = (JSON.parse(before) as MetadataFile).instances[0];
  if (!sound) throw new TypeError("no instance");
  const userData = (sound.userData ?? "").replace(/token: .*/, `token: ${newToken()}`);
  tell(() => ({
    ...sound,
    userData: userData.replace("unit: a", "unit: A!"),
    interfaces: sound.interfaces.filter(({ deviceNumber }) => deviceNumber !== 2),
  }));
  const from = consoleText().length;
  const { ready } = switchOn();

  await consoleSays(/CLOSED.*BOOT_ENI_MISSING.*device number 2/, from);
  expect(seenBy(inet, `http://${address.eip1}/ || true`)).not.toBe(address.inet);
  const later = consoleText().length;
  tell((instance) => ({ ...instance, interfaces: sound.interfaces }));
  await consoleSays(/CLOSED.*BOOT_USER_DATA_REFUSED.*unit/, later);
  expect(seenBy(inet, `http://${address.eip1}/ || true`)).not.toBe(address.inet);
  tell((instance) => ({ ...instance, userData }));
  await ready;
  await until("traffic flows", () => seenBy(inet, `http://${address.eip1}/`) === address.inet, 60_000);
  expect(api("GET", "/api/v1/gateways/pcg-a")["connected"]).toBe(true);
  expect(lab("status")).toContain("alive gateway unit a");
});
