import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };

const programs = readdirSync("src/bin")
  .filter((file) => file.endsWith(".ts") && file !== "version.ts")
  .map((file) => basename(file, ".ts"));

const run = (file: string, ...args: string[]) => execFileSync(file, args, { encoding: "utf8" });

test("every program has an npm script of its name", () => {
  expect(programs).toContain("pcgd");
  for (const program of programs)
    expect([program, (packageJson.scripts as Record<string, string>)[program]]).toEqual([
      program,
      expect.stringContaining(`src/bin/${program}.ts`),
    ]);
});

test.each(programs)("%s --version says which this is", (program) => {
  expect(run(process.execPath, `src/bin/${program}.ts`, "--version")).toBe(`${program} ${packageJson.version}\n`);
});

/** A checkout in which nothing is installed, whose set-up fails. */
function bareCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), "bare-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const file of ["package.json", "appliance/run.sh", "src/bin/lab.ts", "test/bench/bench.ts"])
    cpSync(file, join(folder, file));
  writeFileSync(join(folder, "appliance/setup.sh"), "exit 9\n");
  mkdirSync(join(folder, "empty"));
  return folder;
}

test.each([
  ["lab", "lab up [--detach]"],
  ["bench", "npm run bench -- [NAME"],
])("npm run %s -- --help installs nothing, and says what there is", (script, says) => {
  const folder = bareCheckout();
  expect(run("npm", "--prefix", folder, "run", "--silent", script, "--", "--help")).toContain(says);
  expect(() => run("npm", "--prefix", folder, "run", "--silent", script)).toThrow(/exit 9|Command failed/);
});
