import fc from "fast-check";
import { expect, test } from "vitest";
import { anEdit, aPatch, type RandomEdit, seedTree } from "../../../test/policy-edits.ts";
import { author, PolicyWorld } from "../../../test/policy-world.ts";
import { ClaimIndex } from "./claim-index.ts";
import { claimsOf } from "./claims.ts";
import { patch, put, remove } from "./edit.ts";
import { patchTree } from "./hierarchy.ts";
import { kindOf, parentOf } from "./kinds.ts";
import { readObject } from "./read.ts";
import { readTree } from "./read-tree.ts";
import { referencesOf } from "./references.ts";
import { containerOf, type Fields, ownFields } from "./stored.ts";

/** For machines that have other things to do. */
const PATIENCE_MS = 60_000;

function seededWorld(): PolicyWorld {
  const world = new PolicyWorld();
  world.apply(patchTree(seedTree, author));
  return world;
}

const changeOf = ({ how, path, body }: RandomEdit) => (how === "patch" ? patch(path, body, author) : remove(path));

/** Paths that something refers to, or is below, and that are not there. */
const dangling = (all: Record<string, unknown>) =>
  Object.entries(all).flatMap(([path, object]) => {
    const kind = kindOf(path);
    const parent = parentOf(path);
    const named = kind ? referencesOf(kind, object).map((reference) => reference.path) : [path];
    return [...named, ...(parent ? [parent] : [])].filter((target) => !(target in all));
  });

test(
  "edits of any kind in any order leave nothing dangling, and nothing half done",
  () => {
    fc.assert(
      fc.property(fc.array(anEdit, { maxLength: 20 }), (edits) => {
        const world = seededWorld();
        for (const edit of edits) {
          const before = world.all();
          if (world.refusal(changeOf(edit)).length > 0) expect(world.all()).toEqual(before);
          expect(dangling(world.all())).toEqual([]);
        }
      }),
      { numRuns: 200 },
    );
  },
  PATIENCE_MS,
);

const contents = (world: PolicyWorld) =>
  Object.fromEntries(Object.entries(world.all()).map(([path, object]) => [path, ownFields(object as Fields)]));

test(
  "edits one by one are checked as well as all that there is at once",
  () => {
    fc.assert(
      fc.property(fc.array(anEdit, { maxLength: 25 }), (edits) => {
        const world = seededWorld();
        for (const edit of edits) world.refusal(changeOf(edit));
        const copy = new PolicyWorld();
        expect(copy.refusal(patchTree(readTree(world.documents), author))).toEqual([]);
        expect(contents(copy)).toEqual(contents(world));
      }),
      { numRuns: 300 },
    );
  },
  PATIENCE_MS,
);

test(
  "ClaimIndex that is told of changes says what one made anew says",
  () => {
    fc.assert(
      fc.property(fc.array(anEdit, { maxLength: 20 }), (edits) => {
        const world = seededWorld();
        const claims = new Set<string>();
        for (const edit of edits) {
          world.refusal(changeOf(edit));
          for (const [path, object] of Object.entries(world.all()))
            for (const one of claimsOf(path, object)) claims.add(one);
        }
        const anew = new ClaimIndex(world.documents);
        const said = (index: ClaimIndex) => [...claims].map((one) => [one, [...index.holders(one)].sort()]);
        expect(said(world.index)).toEqual(said(anew));
      }),
      { numRuns: 100 },
    );
  },
  PATIENCE_MS,
);

test(
  "patchTree does what the same edits do one by one",
  () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.array(aPatch, { minLength: 1, maxLength: 12 }), (edits) => {
        const world = seededWorld();
        const done = edits.filter((edit) => world.refusal(changeOf(edit)).length === 0);
        const atOnce = seededWorld();
        expect(atOnce.refusal(patchTree({ resource_type: "Infra", children: done.map(inTree) }, author))).toEqual([]);
        expect(atOnce.all()).toEqual(world.all());
        compared += done.length;
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(100);
  },
  PATIENCE_MS,
);

/** An edit as a child of the root, through references. */
function inTree({ path, body }: RandomEdit): unknown {
  const id = path.slice(path.lastIndexOf("/") + 1);
  const kind = kindOf(path) ?? "";
  return below(containerOf(path), { resource_type: `Child${kind}`, [kind]: { ...body, id } });
}

function below(container: string, child: unknown): unknown {
  if (container === "/infra") return child;
  const id = container.slice(container.lastIndexOf("/") + 1);
  const type = kindOf(container) ?? (id === "USER" ? "PolicyNat" : "Domain");
  const reference = { resource_type: "ChildResourceReference", id, target_type: type, children: [child] };
  return below(containerOf(container), reference);
}

test(
  "put then read gives back what was put",
  () => {
    fc.assert(
      fc.property(fc.array(aPatch, { maxLength: 20 }), aPatch, (edits, { path, body }) => {
        const world = seededWorld();
        for (const edit of edits) world.refusal(changeOf(edit));
        const there = world.documents.get(path) as Fields | undefined;
        const whole = { ...body, ...(there ? { _revision: there["_revision"] } : {}) };
        if (world.refusal(put(path, whole, author)).length > 0) return;
        const { rules, ...rest } = readObject(world.documents, path);
        const { _revision, rules: wanted, ...fields } = whole as Fields;
        expect(rest).toMatchObject(fields);
        if (wanted) expect(rules).toMatchObject(wanted);
      }),
      { numRuns: 500 },
    );
  },
  PATIENCE_MS,
);
