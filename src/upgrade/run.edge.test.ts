import { expect, test } from "vitest";
import { run } from "./run.edge.ts";

test("run keeps a bounded part of what a program says, and lets it end", async () => {
  const program = "process.stdout.write('x'.repeat(5_000_000)); process.stderr.write('short')";
  const { status, out, err } = await run([process.execPath, "-e", program], { limitMs: 30_000 });
  expect([status, out.length, err]).toEqual([0, 1024 * 1024, "short"]);
});
