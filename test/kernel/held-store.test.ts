import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqliteHeldStore } from "../../src/lcp/held-store.edge.ts";
import type { Position } from "../../src/lcp/position.ts";
import { idOf, type Resource, ResourceId } from "../../src/lcp/resource.ts";
import { type Held, NOTHING_HELD } from "../../src/lcp/subscription.ts";
import { acknowledgedBeforeKill } from "./killed.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "held-"));
  path = join(folder, "held.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (n: number) => n as Position;
const port: Resource = { type: "port", key: "vm-1/eth0", version: at(2 ** 53 - 1), body: { ip: "10.0.0.1", tags: [] } };

function reopened(): Held {
  const store = new SqliteHeldStore(path);
  const held = store.load();
  store.close();
  return held;
}

test("SqliteHeldStore gives back what was committed, and nothing where nothing was", () => {
  expect(reopened()).toEqual(NOTHING_HELD);
  const store = new SqliteHeldStore(path);
  store.commit({ instance: "ccp", at: at(7), upserts: [port, { ...port, type: "tep", body: null }], deletes: [] });
  store.commit({
    instance: "ccp",
    at: at(9),
    upserts: [{ ...port, body: 1 }],
    deletes: [ResourceId("tep", "vm-1/eth0")],
  });
  store.close();
  expect(reopened()).toEqual({ instance: "ccp", at: 9, resources: new Map([[idOf(port), { ...port, body: 1 }]]) });
});

test("SqliteHeldStore does a commit whole or not at all, and goes on afterwards", () => {
  const store = new SqliteHeldStore(path);
  store.commit({ instance: "ccp", at: at(7), upserts: [port], deletes: [] });
  const impossible = { ...port, key: "x", version: 0.5 as Position };
  const commit = { instance: "ccp", at: at(8), upserts: [impossible], deletes: [idOf(port)] };
  expect(() => store.commit(commit)).toThrow("LCP_STORE");
  expect(store.load()).toEqual({ instance: "ccp", at: 7, resources: new Map([[idOf(port), port]]) });
  store.commit({ ...commit, upserts: [] });
  expect(store.load()).toEqual({ instance: "ccp", at: 8, resources: new Map() });
  store.close();
});

test("SqliteHeldStore refuses a file that is no database", () => {
  writeFileSync(path, "no database ".repeat(1000));
  expect(() => new SqliteHeldStore(path)).toThrow("LCP_STORE");
});

/** Commits one resource after the other, each with the one before taken away, and prints each that is durable. */
const writer = `
  import { SqliteHeldStore } from ${JSON.stringify(new URL("../../src/lcp/held-store.edge.ts", import.meta.url).href)};
  const store = new SqliteHeldStore(process.argv[2]);
  for (let n = 1; ; n++) {
    const upserts = [{ type: "port", key: String(n), version: n, body: { n } }];
    store.commit({ instance: "ccp", at: n, upserts, deletes: ["port/" + (n - 1)] });
    process.stdout.write(n + "\\n");
  }
`;

test("SqliteHeldStore has, after its process was killed, the state of one position that was not before the last acknowledged", async () => {
  const script = join(folder, "writer.ts");
  writeFileSync(script, writer);
  for (const enough of [1, 37, 300]) {
    const last = (await acknowledgedBeforeKill({ script, path }, enough)).at(-1) ?? 0;
    const { at: position, resources } = reopened();
    expect(position).toBeGreaterThanOrEqual(last);
    expect([...resources.values()]).toEqual([
      { type: "port", key: `${position}`, version: position, body: { n: position } },
    ]);
    rmSync(path);
  }
});
