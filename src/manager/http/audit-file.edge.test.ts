import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type AuditFact, breakIn } from "./audit.ts";
import { AuditFile } from "./audit-file.edge.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "audit-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const fact = (path: string): AuditFact => ({
  ...{ time: "2025-01-01T00:00:00.000Z", who: "admin", role: "admin", from: "127.0.0.1" },
  ...{ method: "PUT", path, status: 200, code: null, reference: "r" },
});

const everything = async (file: AuditFile) => (await file.read({ most: 10_000 })).toReversed();

test("AuditFile chains what many append at once, over files and restarts, and drops the oldest files", async () => {
  const options = { directory, fileBytes: 2_000, files: 3 };
  for (let start = 0; start < 4; start++) {
    const file = await AuditFile.open(options);
    for (let n = 0; n < 10; n++) await Promise.all([file.append(fact(`/a${n}`)), file.append(fact(`/b${n}`))]);
    await file.close();
  }
  const file = await AuditFile.open(options);
  const all = await everything(file);
  expect(all.at(-1)).toMatchObject({ seq: 80, path: "/b9" });
  expect(all.length).toBeLessThan(80);
  expect(breakIn(all)).toBeUndefined();
  expect(readdirSync(directory).length).toBeLessThanOrEqual(4);
  expect(await file.read({ before: 80, most: 2 })).toMatchObject([{ seq: 79 }, { seq: 78 }]);
  await file.close();
});

test("an append that follows at once upon another is not forgotten", async () => {
  const file = await AuditFile.open({ directory });
  for (let n = 0; n < 20; n++) await file.append(fact("/a")).then(() => file.append(fact("/b")));
  expect(await everything(file)).toHaveLength(40);
  await file.close();
});

test("a line that a crash cut short goes, and the chain goes on from the one before", async () => {
  const before = await AuditFile.open({ directory });
  await before.append(fact("/a"));
  await before.close();
  appendFileSync(join(directory, "audit.jsonl"), '{"seq":2,"ti');
  const file = await AuditFile.open({ directory });
  await file.append(fact("/b"));
  const all = await everything(file);
  expect(all.map(({ seq, path }) => [seq, path])).toEqual([
    [1, "/a"],
    [2, "/b"],
  ]);
  expect(breakIn(all)).toBeUndefined();
  await file.close();
});

test.for([
  ["changed", (lines: string[]) => lines.map((line, n) => (n === 1 ? line.replace("admin", "nobody") : line)), 2],
  ["taken out", (lines: string[]) => lines.filter((_, n) => n !== 1), 3],
  ["put in another order", ([a = "", b = "", ...rest]: string[]) => [b, a, ...rest], 1],
] as const)("breakIn finds an entry that was %s", async ([, tamper, seq]) => {
  const before = await AuditFile.open({ directory });
  for (const path of ["/a", "/b", "/c"]) await before.append(fact(path));
  await before.close();
  const path = join(directory, "audit.jsonl");
  writeFileSync(path, `${tamper(readFileSync(path, "utf8").trimEnd().split("\n")).join("\n")}\n`);
  const file = await AuditFile.open({ directory });
  expect(breakIn(await everything(file))?.seq).toBe(seq);
  await file.close();
});

test("AuditFile says with its own code what it cannot open or read", async () => {
  writeFileSync(join(directory, "file"), "");
  const there = AuditFile.open({ directory: join(directory, "file") });
  await expect(there).rejects.toMatchObject({ code: "MANAGER_STORE" });
  writeFileSync(join(directory, "audit.jsonl"), "no JSON\n");
  await expect(AuditFile.open({ directory })).rejects.toMatchObject({ code: "MANAGER_STORE" });
});
