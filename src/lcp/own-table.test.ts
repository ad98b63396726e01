import { expect, test } from "vitest";
import { OwnTable, type Statement } from "./own-table.ts";
import type { Position } from "./position.ts";
import { ResourceId } from "./resource.ts";

const agent = (key: string, refused = 0): Statement => ({ type: "agent", key, body: { id: key, refused } });

function said(...statements: Statement[]): OwnTable {
  const table = new OwnTable("pcg-a", Date.UTC(2026));
  const commit = table.changeTo(statements);
  if (commit) table.committed(commit);
  return table;
}

test("OwnTable changes by what differs, and by nothing when all is said already", () => {
  const table = said(agent("1"), agent("2"), agent("3"));
  const { at } = table.held;
  expect(table.changeTo([agent("3"), agent("2"), agent("1")])).toBeUndefined();
  const version = (at + 1) as Position;
  expect(table.changeTo([agent("1"), agent("2", 7)])).toEqual({
    ...{ instance: "pcg-a", at: version, upserts: [{ ...agent("2", 7), version }] },
    deletes: [ResourceId("agent", "3")],
  });
  expect(table.held.at).toBe(at);
});

test("OwnTable goes beyond whoever has heard more than it has said", () => {
  const table = said(agent("1"));
  const ahead = (table.held.at + 1_000) as Position;
  const publication = table.open("ccp", () => undefined);
  const digest = Buffer.alloc(512).toString("base64");
  publication.receive({ kind: "hello", protocol: 1, instance: "pcg-a before", at: ahead, digest }, 0);
  expect(publication.next(0)).toMatchObject({ kind: "snapshotBegin", at: ahead + 1, only: null, count: 1 });
});
