import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { DocumentTable } from "../state/document-table.ts";
import { treePort } from "./tree-port.ts";

const segment = (n: number, description = "") => {
  const path = `/infra/segments/s${n}`;
  return [path, { resource_type: "Segment", id: `s${n}`, path, parent_path: "/infra", description }] as const;
};
const segments = (count: number, description?: string) =>
  new DocumentTable(Array.from({ length: count }, (_, n) => segment(n, description)));

/** What has been answered when `ms` have passed. */
async function after(ms: number, clock: VirtualClock, asked: readonly Promise<unknown>[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const one of asked)
    void one.then(
      (tree) => answers.push(tree),
      (error: unknown) => answers.push(error),
    );
  for (let n = 0; n <= ms; n++) {
    clock.advance(1);
    await new Promise(setImmediate);
  }
  return answers;
}

test("treePort lets others have their turn, and answers the tree of the moment it was asked for", async () => {
  const [clock, table] = [new VirtualClock(), segments(2_500)];
  const asked = treePort(() => table, clock)("Type-Segment");
  let turns = 0;
  clock.after(0, () => turns++);
  table.apply(new Map([["/infra/segments/s0", undefined], segment(9_999)]));
  const [tree] = await after(5, clock, [asked]);
  const { children } = tree as { readonly children: readonly { readonly Segment: { readonly id: string } }[] };
  expect(turns).toBe(1);
  expect(children).toHaveLength(2_500);
  expect(new Set(children.map(({ Segment: { id } }) => id)).size).toBe(2_500);
});

test("treePort refuses a tree that is larger than what a PATCH may send", async () => {
  const clock = new VirtualClock();
  const [failure] = await after(20, clock, [
    treePort(() => segments(20_000, "x".repeat(1_000)), clock)("Type-Segment"),
  ]);
  expect(failure).toMatchObject({
    code: "MANAGER_BAD_REQUEST",
    detail: { field: "filter", why: "selects a tree of more than 8388608 bytes" },
  });
});

test("treePort reads four trees at once, and others when there is room again", async () => {
  const [clock, table] = [new VirtualClock(), segments(3_000)];
  const read = treePort(() => table, clock);
  const asked = Array.from({ length: 5 }, () => read("Type-Segment"));
  await expect(asked[4]).rejects.toMatchObject({ code: "MANAGER_TOO_FAST" });
  expect(await after(5, clock, asked.slice(0, 4))).toHaveLength(4);
  expect(await after(5, clock, [read("Type-Segment")])).toMatchObject([{ resource_type: "Infra" }]);
});
