import { expect, test } from "vitest";
import { author, goodWorld } from "../../../test/policy-world.ts";
import { patch, put, remove } from "./edit.ts";
import { readObject } from "./read.ts";

const WEB = "/infra/segments/web";
const POLICY = "/infra/domains/default/security-policies/dfw";
const subnets = [{ gateway_address: "192.168.7.1/24" }];

test("put creates an object and fills in what the manager knows", () => {
  const world = goodWorld();
  world.apply(put("/infra/segments/db", { subnets, overlay_id: 77 }, author));
  expect(readObject(world.documents, "/infra/segments/db")).toEqual({
    resource_type: "Segment",
    id: "db",
    display_name: "db",
    subnets,
    overlay_id: 77,
    path: "/infra/segments/db",
    parent_path: "/infra",
    relative_path: "db",
    _create_user: "ops",
    _create_time: author.wallMs,
    _last_modified_user: "ops",
    _last_modified_time: author.wallMs,
    _revision: 0,
  });
});

test("put replaces the whole object and needs its revision", () => {
  const world = goodWorld();
  const path = "/infra/virtual-machines/vm-1";
  world.apply(patch(path, { os_name: "Debian" }, author));
  const body = { tep_address: "10.99.3.9" };
  expect(world.refusal(put(path, body, author))[0]).toBe("MANAGER_CONFLICT");
  expect(world.refusal(put(path, { ...body, _revision: 0 }, author))[0]).toBe("MANAGER_CONFLICT");
  world.apply(put(path, { ...body, _revision: 1 }, { user: "eve", wallMs: author.wallMs + 5 }));
  const after = readObject(world.documents, path);
  expect(after).toMatchObject({ tep_address: "10.99.3.9", _revision: 2, _create_user: "ops" });
  expect(after).toMatchObject({ _last_modified_user: "eve", _last_modified_time: author.wallMs + 5 });
  expect(after).not.toHaveProperty("os_name");
});

test("put of what was read changes nothing, not even the revision", () => {
  const world = goodWorld();
  const before = world.all();
  for (const path of Object.keys(before)) world.apply(put(path, readObject(world.documents, path), author));
  expect(world.all()).toEqual(before);
});

test("patch merges fields, takes those out that are null, and counts the revision up", () => {
  const world = goodWorld();
  world.apply(patch(WEB, { mtu: 1500, dhcp_config_path: null, display_name: "Web" }, author));
  const after = readObject(world.documents, WEB);
  expect(after).toMatchObject({ mtu: 1500, display_name: "Web", overlay_id: 9096, _revision: 1 });
  expect(after).not.toHaveProperty("dhcp_config_path");
  world.apply(patch(WEB, { display_name: null }, author));
  expect(readObject(world.documents, WEB)).toMatchObject({ display_name: "web", _revision: 2 });
});

test("patch that says what is so already changes nothing", () => {
  const world = goodWorld();
  const before = world.all();
  world.apply(patch(WEB, { overlay_id: 9096 }, { user: "eve", wallMs: 0 }));
  expect(world.all()).toEqual(before);
});

test.each([
  { change: patch(WEB, { mtu: 1500, _revision: 3 }, author), says: "is now 0; read the object again" },
  { change: remove(WEB, 3), says: "is now 0; read the object again" },
  { change: put("/infra/segments/db", { subnets, _revision: 0 }, author), says: "there is no such object now" },
  { change: patch("/infra/segments/db", { subnets, _revision: 0 }, author), says: "there is no such object now" },
  { change: put(WEB, { subnets }, author), says: "send its _revision, now 0" },
])("edits refuse another revision: $says", ({ change, says }) => {
  const [code, text] = goodWorld().refusal(change);
  expect(code).toBe("MANAGER_CONFLICT");
  expect(text).toContain(says);
});

test("remove says that there is nothing", () => {
  expect(goodWorld().refusal(remove("/infra/segments/db"))[0]).toBe("MANAGER_NOT_FOUND");
});

test("edits give a segment the lowest free VNI from 5000, and it keeps it", () => {
  const world = goodWorld();
  const vniOf = (id: string) => readObject(world.documents, `/infra/segments/${id}`)["overlay_id"];
  expect(vniOf("app")).toBe(5000);
  world.apply(put("/infra/segments/b", { subnets, overlay_id: 5001 }, author));
  world.apply(put("/infra/segments/c", { subnets }, author));
  expect(vniOf("c")).toBe(5002);
  world.apply(put("/infra/segments/c", { subnets, mtu: 1500, _revision: 0 }, author));
  world.apply(patch("/infra/segments/c", { overlay_id: null }, author));
  expect(vniOf("c")).toBe(5002);
  world.apply(remove("/infra/segments/b"));
  world.apply(put("/infra/segments/d", { subnets }, author));
  expect(vniOf("d")).toBe(5001);
});

test("patch of a policy creates and merges its inline rules, and leaves others", () => {
  const world = goodWorld();
  world.apply(
    patch(
      POLICY,
      {
        rules: [
          { id: "in", logged: true },
          { id: "out", action: "DROP" },
        ],
      },
      author,
    ),
  );
  const { rules, ...policy } = readObject(world.documents, POLICY);
  expect(rules).toMatchObject([
    { id: "in", action: "ALLOW", logged: true, services: ["/infra/services/http"], _revision: 1 },
    { id: "out", action: "DROP", _revision: 0, path: `${POLICY}/rules/out`, parent_path: POLICY },
  ]);
  expect(policy).toMatchObject({ _revision: 0 });
  expect(world.documents.get(POLICY)).not.toHaveProperty("rules");
});

test("put of a policy takes the rules away that its body does not name, if it names any", () => {
  const world = goodWorld();
  world.apply(put(POLICY, { sequence_number: 3, _revision: 0 }, author));
  expect(readObject(world.documents, POLICY)["rules"]).toMatchObject([{ id: "in" }]);
  world.apply(put(POLICY, { sequence_number: 3, _revision: 1, rules: [{ id: "out", action: "DROP" }] }, author));
  expect(readObject(world.documents, POLICY)["rules"]).toMatchObject([{ id: "out" }]);
});

test("readObject shows a policy's rules in the order they are asked", () => {
  const world = goodWorld();
  const rules = [
    { id: "z", action: "DROP", sequence_number: 1 },
    { id: "a", action: "DROP", sequence_number: 2 },
  ];
  world.apply(patch(POLICY, { rules }, author));
  expect(readObject(world.documents, POLICY)["rules"]).toMatchObject([{ id: "in" }, { id: "z" }, { id: "a" }]);
});
