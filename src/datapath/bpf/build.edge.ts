import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { header } from "./generate.ts";

const sources = import.meta.dirname;
const multiarch = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as Partial<Record<string, string>>;

/** v3: 32-bit compares and atomics, in every kernel since 5.12. Paths in debug information are relative. */
const flags = [
  ...["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Wextra", "-Werror", "-fdebug-compilation-dir=."],
  ...["-Wno-unused-parameter", "-Wno-address-of-packed-member", "-I", `/usr/include/${multiarch[process.arch] ?? ""}`],
];

/** Where objects lie unless told otherwise. */
export const OBJECT_DIR = join(sources, "../../../build/bpf");

const compilers = ["clang-14", "clang"];

export function compile(file: string, out: string, into: string): string | undefined {
  const fresh = `${out}.${process.pid}`;
  for (const compiler of compilers) {
    const run = spawnSync(compiler, [...flags, "-I", into, "-c", file, "-o", fresh], {
      cwd: sources,
      encoding: "utf8",
    });
    if (run.error) continue;
    if (run.status !== 0) return `${compiler} refuses ${file}:\n${run.stderr}`;
    renameSync(fresh, out);
    return undefined;
  }
  return `no C compiler for eBPF: none of ${compilers.join(", ")} is installed`;
}

const cFiles = () =>
  readdirSync(sources, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.[ch]$/.test(file))
    .toSorted();

function digestOf(headerText: string, files: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(flags)).update(headerText);
  for (const file of files) hash.update(file).update(readFileSync(join(sources, file)));
  return hash.digest("hex");
}

/** Whole or not at all, as two builds may run at once. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** Compiles every `*.bpf.c` unless nothing changed. Gives what went wrong, or undefined. */
export function buildObjects(into: string = OBJECT_DIR): string | undefined {
  const text = header();
  const files = cFiles();
  const programs = files.filter((file) => file.endsWith(".bpf.c"));
  const objects = programs.map((file) => join(into, file.replace(/\.c$/, ".o")));
  const stamp = join(into, "digest");
  const digest = digestOf(text, files);
  const current = existsSync(stamp) && readFileSync(stamp, "utf8") === digest && objects.every((o) => existsSync(o));
  if (current) return undefined;
  mkdirSync(into, { recursive: true });
  put(join(into, "generated.h"), text);
  for (const [n, file] of programs.entries()) {
    const flaw = compile(file, objects[n] ?? "", into);
    if (flaw !== undefined) return flaw;
  }
  put(stamp, digest);
  return undefined;
}

if (import.meta.main) {
  const flaw = buildObjects();
  if (flaw !== undefined) {
    process.stderr.write(`${flaw}\n`);
    process.exitCode = 1;
  }
}
