import { expect, onTestFinished, test } from "vitest";
import { lostDuring, NOTHING } from "../e2e/lost-during.ts";
import { address, gateway, inet, lab, labProcess, manager, seenBy } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";
import { kernel, ruleset } from "./kernel.ts";
import { api, ask, curl, given, realized, segment } from "./policy.ts";

const paths = [51, 52, 53].map((n) => `/infra/segments/s${n}`);

/** As if its machine lost power. */
const killManager = () => process.kill(labProcess("nsx-manager"), "SIGKILL");

test("kill -9 of the manager loses no packet, and no change that it said yes to; what comes later is realized", async () => {
  const before = ruleset();
  onTestFinished(async () => {
    for (const path of paths) ask("DELETE", path);
    await expect.poll(ruleset, { timeout: 10_000 }).toBe(before);
  });
  const [first = "", last = "", later = ""] = paths;
  const lost = await lostDuring(7, async () => {
    const made = api("PUT", first, segment(51));
    await realized(first);
    api("PUT", last, segment(52));
    killManager();
    expect(seenBy(inet, `http://${address.eip1}/`)).toBe(address.inet);
    lab("start nsx-manager");
    expect(api("GET", first)).toEqual(made);
    expect(api("GET", last)).toMatchObject({ overlay_id: 9_152 });
    await realized(last);
    await given(later, segment(53));
  });
  expect(lost).toEqual(NOTHING);
  expect(await kernel()).toMatch(/192\.168\.51\.0\/24 via(.|\n)*192\.168\.52\.0\/24 via(.|\n)*192\.168\.53\.0\/24 via/);
});

const NUMBERS = Array.from({ length: 40 }, (_, n) => 60 + n);
const pathOf = (n: number) => `/infra/segments/s${n}`;

/** Makes one segment after the other, until that fails. Those that were said yes to are in `done`. */
function makeMany() {
  const makes = NUMBERS.map((n) => `${curl("PUT", pathOf(n), segment(n))} >/dev/null; echo ${n}`);
  const run = manager.start("bash", ["-c", `set -e; ${makes.join("\n")}`], ["ignore", "pipe", "pipe"]);
  onTestFinished(() => run.stop());
  const done: number[] = [];
  run.child.stdout?.on("data", (chunk: Buffer) => done.push(...chunk.toString().trim().split("\n").map(Number)));
  return { done, ended: new Promise((resolve) => run.child.on("close", resolve)) };
}

/** Of the segments above, which the kernel has. */
const inKernel = () =>
  [...gateway.run("ip route show table 100").matchAll(/192\.168\.(\d+)\.0\/24 via 169/g)].map(([, n]) => Number(n));

test("kill -9 in the middle of changes: each is done whole or not at all, and manager and gateway agree on which", async () => {
  onTestFinished(async () => {
    for (const n of NUMBERS) ask("DELETE", pathOf(n));
    await expect.poll(inKernel, { timeout: 10_000 }).toEqual([100]);
  });
  const { done, ended } = makeMany();
  await until("some are done", () => done.length >= 10);
  killManager();
  await ended;
  expect(done.length).toBeLessThan(NUMBERS.length);
  lab("start nsx-manager");
  const known = NUMBERS.filter((n) => ask("GET", pathOf(n)).status === 200);
  // One may have been done with no time left to say so.
  expect([done, NUMBERS.slice(0, done.length + 1)]).toContainEqual(known);
  await realized(pathOf(known.at(-1) ?? 0));
  expect(inKernel()).toEqual([...known, 100]);
});
