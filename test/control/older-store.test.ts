import { copyFileSync, rmSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { address, inet, lab, seenBy, vm1 } from "../e2e/nodes.ts";
import { kernel } from "./kernel.ts";
import { api, ask, given, managerFile, realized, segment, TIER0 } from "./policy.ts";

const KEPT = "/infra/segments/s55";
const LOST = "/infra/segments/s56";
const NEW = "/infra/segments/s57";

/** A copy of the manager's store as it is now, taken while it runs. */
async function backUp(file: string): Promise<void> {
  const store = new DatabaseSync(managerFile("manager.db"), { readOnly: true });
  try {
    await backup(store, file);
  } finally {
    store.close();
  }
}

/** In place of all that came after it. */
function restore(file: string): void {
  lab("stop nsx-manager --kill");
  for (const end of ["", "-wal", "-shm"]) rmSync(managerFile(`manager.db${end}`), { force: true });
  copyFileSync(file, managerFile("manager.db"));
  lab("start nsx-manager");
}

test("a store put back to an older backup is what gateways have then, and changes go on from there", async () => {
  const file = managerFile("backup.db");
  onTestFinished(() => {
    for (const path of [KEPT, LOST, NEW]) ask("DELETE", path);
    rmSync(file, { force: true });
    api("PATCH", TIER0, { mss_clamp: 1_460 });
  });
  await given(KEPT, segment(55));
  const atBackup = await kernel();
  await backUp(file);

  await given(LOST, segment(56));
  await given(TIER0, { mss_clamp: 1_200 });
  api("DELETE", KEPT);
  const after = await given(LOST, { display_name: "said last" });
  await expect.poll(kernel).not.toContain("192.168.55.0/24 via");

  restore(file);
  expect(ask("GET", LOST).status).toBe(404);
  // What the gateway said of its later life does not count.
  await realized(KEPT);
  expect(await kernel()).toBe(atBackup);
  expect(seenBy(vm1, `http://${address.inet}/`)).toBe(address.eip1);
  expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);

  const next = await given(NEW, segment(57));
  expect(await kernel()).toContain("192.168.57.0/24 via");
  expect(next.position).toBeGreaterThan(after.position);
});
