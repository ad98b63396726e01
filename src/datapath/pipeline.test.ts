import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { pipeline } from "./pipeline.ts";

test("pipeline has one folder per stage and one stage per folder, beside the programs in bpf", () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name);
  expect(folders.toSorted()).toEqual([...pipeline.map((s) => s.name), "bpf"].toSorted());
});
