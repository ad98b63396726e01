import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { labPaths } from "./lab-paths.ts";
import { isAlive, record, recorded, stop } from "./processes.edge.ts";

let lab = labPaths("test");
beforeEach(() => {
  lab = { ...lab, processes: mkdtempSync(join(tmpdir(), "pcg-lab-")) };
});
afterEach(() => rmSync(lab.processes, { recursive: true }));

const daemon = { name: "sleeper", node: "inet", log: "/dev/null", argv: ["sleep", "60"] } as const;

function sleeper() {
  const child = spawn("sleep", ["60"]);
  record(lab, daemon, child.pid ?? 0);
  return child;
}

test("stop ends a recorded process and forgets it", async () => {
  sleeper();
  const [entry] = recorded(lab);
  expect(entry && isAlive(entry)).toBe(true);
  await stop(lab, daemon.name);
  expect(entry && isAlive(entry)).toBe(false);
  expect(readdirSync(lab.processes)).toEqual([]);
});

test("stop leaves alone a process that only has the id of a recorded one", async () => {
  const child = sleeper();
  const [entry] = recorded(lab);
  writeFileSync(join(lab.processes, `${daemon.name}.json`), JSON.stringify({ ...entry, startedAt: "1" }));
  await stop(lab, daemon.name, { kill: true });
  expect(entry && isAlive(entry)).toBe(true);
  child.kill();
});

test("stop of what was never started does nothing", async () => {
  await expect(stop(lab, "nobody")).resolves.toBeUndefined();
});
