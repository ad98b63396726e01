import { expect, test } from "vitest";
import { author, goodWorld } from "../../../test/policy-world.ts";
import { PcgError } from "../../base/error.ts";
import { patch, remove } from "./edit.ts";
import { listObjects, readObject } from "./read.ts";

const ids = (listing: ReturnType<typeof listObjects>) => listing.results.map((object) => object["id"]);

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof PcgError ? error.code : "none of ours";
  }
}

test("listObjects lists a collection without what is below it", () => {
  const { documents } = goodWorld();
  expect(ids(listObjects(documents, "/infra/segments"))).toEqual(["app", "web"]);
  expect(ids(listObjects(documents, "/infra/tier-0s/t0/nat/USER/nat-rules"))).toEqual(["in"]);
  expect(listObjects(documents, "/infra/segments/app/ports")).toEqual({ results: [], result_count: 0 });
});

test("listObjects gives pages, and what comes and goes between them neither repeats nor hides others", () => {
  const world = goodWorld();
  const group = { expression: [] };
  for (const id of ["b", "c", "c-1", "d"]) world.apply(patch(`/infra/domains/default/groups/${id}`, group, author));
  const first = listObjects(world.documents, "/infra/domains/default/groups", { pageSize: 2 });
  expect(first).toMatchObject({ result_count: 6, cursor: "b" });
  expect(ids(first)).toEqual(["all", "b"]);
  world.apply(remove("/infra/domains/default/groups/b"));
  world.apply(patch("/infra/domains/default/groups/a", group, author));
  const rest = listObjects(world.documents, "/infra/domains/default/groups", { pageSize: 4, cursor: first.cursor });
  expect(ids(rest)).toEqual(["c", "c-1", "d", "web"]);
  expect(rest).not.toHaveProperty("cursor");
});

test.each([
  { collection: "/infra/segment", page: {}, code: "MANAGER_NOT_FOUND" },
  { collection: "/infra/segments/none/ports", page: {}, code: "MANAGER_NOT_FOUND" },
  { collection: "/infra/segments", page: { pageSize: 0 }, code: "MANAGER_BAD_REQUEST" },
  { collection: "/infra/segments", page: { pageSize: 1001 }, code: "MANAGER_BAD_REQUEST" },
])("listObjects refuses $collection $page", ({ collection, page, code }) => {
  expect(codeOf(() => listObjects(goodWorld().documents, collection, page))).toBe(code);
});

test.each(["/infra/segments/none", "/infra/segments", "/infra", "", "/nodes/x"])(
  "readObject finds nothing at %s",
  (path) => {
    expect(codeOf(() => readObject(goodWorld().documents, path))).toBe("MANAGER_NOT_FOUND");
  },
);
