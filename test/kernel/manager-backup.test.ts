import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { inside } from "./inside.ts";
import { RunningManager } from "./managed-unit.ts";
import { Namespace } from "./namespace.ts";

const undo: (() => unknown)[] = [];
let folder: string;
let namespace: Namespace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "backup-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  namespace = Namespace.create("backup");
  undo.push(() => namespace.remove());
  undo.push(inside(namespace));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

test("nsx-manager backup copies a store under a manager that writes; put in its place, it is what is known", async () => {
  const [store, copy] = [join(folder, "manager.db"), join(folder, "copy.db")];
  const host = "127.0.0.1";
  const serving = ["--listen", `${host}:443`, "--controller", `${host}:1235`, "--state", folder];
  const args = ["src/bin/nsx-manager.ts", "run", "--store", store, ...serving];
  const manager = new RunningManager(host, folder, () => namespace.start(process.execPath, args));
  undo.push(() => manager.kill());
  await manager.ready(folder);
  const write = (id: string) => manager.patch(`/infra/tier-0s/${id}`, { display_name: id });
  for (const id of ["a", "b"]) await write(id);
  const writing = manager.patch("/infra/tier-0s/b", { display_name: "late" });
  namespace.run(`${process.execPath} src/bin/nsx-manager.ts backup ${copy} --store ${store}`);
  await writing;
  await write("c");
  await manager.kill();
  for (const suffix of ["", "-wal", "-shm"]) rmSync(store + suffix, { force: true });
  copyFileSync(copy, store);
  manager.start();
  await manager.ready(folder);
  expect((await manager.list("/infra/tier-0s")).map(({ id }) => id)).toEqual(["a", "b"]);
  await write("d");
  expect(await manager.list("/infra/tier-0s")).toHaveLength(3);
});

test("nsx-manager backup of an etcd says what does it instead", () => {
  const backup = `${process.execPath} src/bin/nsx-manager.ts backup ${join(folder, "copy")} --store etcd://127.0.0.1`;
  expect(() => namespace.run(backup)).toThrow("etcdctl snapshot save");
});
