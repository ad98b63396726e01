import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect } from "vitest";

/** Runs a program that prints a number for each thing it holds to be durable, and kills it after so many. */
export async function acknowledgedBeforeKill(
  { script, path }: Readonly<Record<"script" | "path", string>>,
  enough: number,
): Promise<number[]> {
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: number[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    acknowledged.push(Number(line));
    if (acknowledged.length === enough) child.kill("SIGKILL");
  });
  await new Promise<void>((resolve) => lines.on("close", resolve));
  expect(acknowledged.length).toBeGreaterThanOrEqual(enough);
  return acknowledged;
}
