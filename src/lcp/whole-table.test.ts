import fc from "fast-check";
import { expect, test } from "vitest";
import { unlimited } from "./admission.ts";
import { after, type Position, START } from "./position.ts";
import { idOf, type Resource, ResourceId } from "./resource.ts";
import { type Commit, NOTHING_HELD, Subscription } from "./subscription.ts";
import { WholeTable } from "./whole-table.ts";

/** A source and a receiver that talk whenever they are let. */
function pair() {
  const resources = new Map<ResourceId, Resource>();
  let at: Position = after(START);
  const upstream = { held: () => ({ instance: "ccp", at, resources }), behind: () => undefined };
  const table = new WholeTable(upstream, unlimited);
  const publication = table.open("pcg-a", () => undefined);
  const subscription = new Subscription(NOTHING_HELD, { judge: () => undefined });
  publication.receive(subscription.hello(), 0);
  const commits: Commit[] = [];
  return {
    subscription,
    commits,
    change(upserts: readonly string[], deletes: readonly string[]) {
      at = after(at);
      const made = upserts.map((key): Resource => ({ type: "group", key, version: at, body: { at } }));
      for (const resource of made) resources.set(idOf(resource), resource);
      const gone = deletes.map((key) => ResourceId("group", key));
      for (const id of gone) resources.delete(id);
      table.committed({ instance: "ccp", at, upserts: made, deletes: gone });
    },
    talk() {
      for (let message = publication.next(0); message; message = publication.next(0)) {
        const { commit, reply } = subscription.receive(message);
        if (commit) commits.push(commit);
        if (reply) publication.receive(reply, 0);
      }
    },
    truth: () => ({ at, resources }),
  };
}

test("WholeTable brings a receiver to all there is, whenever the two talk", () => {
  const key = fc.constantFrom("a", "b", "c", "d");
  const step = fc.record({ upserts: fc.uniqueArray(key), deletes: fc.uniqueArray(key), talks: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { change, talk, subscription, truth } = pair();
      for (const { upserts, deletes, talks } of steps) {
        change(
          upserts,
          deletes.filter((one) => !upserts.includes(one)),
        );
        if (talks) talk();
      }
      talk();
      expect(subscription.held.resources).toEqual(truth().resources);
    }),
  );
});

test("WholeTable tells only what changed, and nobody of what came and went between two looks", () => {
  const { change, talk, commits } = pair();
  change(["a", "b"], []);
  talk();
  change(["b"], []);
  change(["c"], []);
  change([], ["c", "a"]);
  talk();
  expect(commits.at(-1)).toMatchObject({ upserts: [{ key: "b" }], deletes: ["group/a"] });
});
