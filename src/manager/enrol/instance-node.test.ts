import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { DocumentTable } from "../state/document-table.ts";
import type { Change } from "../state/documents.ts";
import { type AwsGateway, listedGateways, listing, unlisting } from "./gateway-list.ts";
import { asInstance, type Wanted } from "./instance-node.ts";
import { forgotten, newNode, nodeIn, nodeKey, revoked } from "./nodes.ts";

const NOW = Date.UTC(2026, 0, 2);
const one = {
  ...{ accountId: "123456789012", region: "eu-west-1", instanceId: "i-0123456789abcdef0", privateIp: "10.99.2.10" },
  ...{ pendingTime: "2026-01-01T00:00:00Z", imageId: "ami-0123456789abcdef0" },
};
const successor = { ...one, instanceId: "i-0fedcba9876543210" };
const gateway = { role: "gateway", id: "pcg-a" } as const;
const agent = { role: "agent", id: one.instanceId } as const;
const aws = { regions: {}, accounts: [one.accountId], networks: ["10.99.0.0/16"] };

/** All that a manager knows, changed one after the other. */
class Known {
  documents = new DocumentTable([["/enrolment/aws", aws]]);
  does(change: Change): this {
    const all = new Map([...this.documents.under("/"), ...change(this.documents)]);
    this.documents = new DocumentTable([...all].filter(([, value]) => value !== undefined));
    return this;
  }
  lists = (id: string, entry: AwsGateway) => this.does(listing(id, entry));
  enrols(claimed = one, wanted: Wanted = {}): string {
    try {
      const { identity, writes } = asInstance(this.documents, claimed, wanted, NOW);
      const { instanceId: instance } = claimed;
      const certificate = { pem: "", serial: "4a", notAfter: NOW + 1_000 };
      const node = newNode({ certificate, instance, by: "document" }, NOW, nodeIn(this.documents, identity));
      this.does(() => new Map<string, unknown>([...writes, [nodeKey(identity), node]]));
      return nodeKey(identity);
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      return error.message;
    }
  }
}

const byInstance = { accountId: one.accountId, instanceId: one.instanceId };
const byAddress = { accountId: one.accountId, privateIp: one.privateIp };

test.each<{ entry: AwsGateway; is: "/nodes/gateway/pcg-a" | `/nodes/agent/${string}` }>([
  { entry: byInstance, is: "/nodes/gateway/pcg-a" },
  { entry: byAddress, is: "/nodes/gateway/pcg-a" },
  {
    entry: { ...byInstance, privateIp: "10.99.2.10", region: "eu-west-1", imageId: one.imageId },
    is: "/nodes/gateway/pcg-a",
  },
  { entry: { ...byInstance, accountId: "210987654321" }, is: `/nodes/agent/${one.instanceId}` },
  { entry: { ...byInstance, instanceId: "i-0fedcba9876543210" }, is: `/nodes/agent/${one.instanceId}` },
  { entry: { ...byInstance, privateIp: "10.99.2.11" }, is: `/nodes/agent/${one.instanceId}` },
  { entry: { ...byAddress, region: "eu-west-2" }, is: `/nodes/agent/${one.instanceId}` },
  { entry: { ...byAddress, imageId: "ami-0fedcba9876543210" }, is: `/nodes/agent/${one.instanceId}` },
])("an instance is what every field of an entry says: $entry", ({ entry, is }) => {
  expect(new Known().lists("pcg-a", entry).enrols()).toBe(is);
});

test("an instance that wants to be a gateway and is not listed hears how it would be, and is no agent either", () => {
  const known = new Known();
  const said = known.enrols(one, { role: "gateway", id: "pcg-a" });
  expect(said).toContain("MANAGER_DENIED");
  expect(said).toContain("PUT /policy/api/v1/enrolment/aws/gateways/pcg-a with accountId 123456789012");
  expect(nodeIn(known.documents, agent)).toBeUndefined();
  known.lists("pcg-b", byInstance);
  expect(known.enrols(one, { role: "gateway", id: "pcg-a" })).toContain("is listed for gateway pcg-b, not pcg-a");
  expect(known.enrols(one, { role: "agent" })).toContain("is listed for gateway pcg-b, and is no agent");
});

test("an entry lets an instance in once, its successor if the entry says so, and never the one before again", () => {
  const known = new Known().lists("pcg-a", byInstance);
  expect(known.enrols()).toBe("/nodes/gateway/pcg-a");
  expect(known.enrols()).toContain("has enrolled already");
  expect(known.enrols(successor, { role: "gateway" })).toContain("is not listed for a gateway");
  known.lists("pcg-a", byAddress);
  expect(known.enrols(successor)).toBe("/nodes/gateway/pcg-a");
  expect(nodeIn(known.documents, gateway)).toMatchObject({
    ...{ instance: successor.instanceId, replaced: [one.instanceId] },
    certificates: [expect.anything()],
  });
  expect(known.enrols(one)).toContain("has enrolled already");
  known.does(revoked(gateway, "admin", NOW));
  expect(known.enrols({ ...one, instanceId: "i-0aaaaaaaaaaaaaaaa" })).toContain("was revoked");
  expect(known.does(forgotten(gateway)).enrols(one)).toBe("/nodes/gateway/pcg-a");
});

test("an agent that is listed for a gateway becomes it, and is no agent any more", () => {
  const known = new Known();
  expect(known.enrols()).toBe(nodeKey(agent));
  known.lists("pcg-a", byInstance);
  expect(known.enrols()).toBe("/nodes/gateway/pcg-a");
  expect(nodeIn(known.documents, agent)).toMatchObject({ certificates: [], revoked: { at: NOW } });
});

test("an instance that two entries name is nobody, and one that two entries name alike is refused at once", () => {
  const known = new Known().lists("pcg-a", byInstance).lists("pcg-b", byAddress);
  expect(known.enrols()).toContain("is listed for several gateways (pcg-a, pcg-b)");
  expect(() => known.lists("pcg-c", byAddress)).toThrow("is listed for gateway pcg-b already");
  known.does(unlisting("pcg-b"));
  expect(listedGateways(known.documents)).toEqual([{ id: "pcg-a", ...byInstance }]);
  expect(() => known.does(unlisting("pcg-b"))).toThrow("MANAGER_NOT_FOUND");
  expect(known.enrols()).toBe("/nodes/gateway/pcg-a");
});

test.each([
  ["pcg-a", { accountId: one.accountId }, "give instanceId, privateIp, or both"],
  ["pcg-a", { instanceId: one.instanceId }, "accountId"],
  ["pcg-a", { ...byInstance, instanceId: "vm-1" }, "instanceId"],
  ["pcg-a", { ...byInstance, role: "manager" }, "role"],
  ["../ccp", byInstance, "MANAGER_BAD_REQUEST"],
])("listing refuses %s with %o by what is wrong", (id, body, why) => {
  expect(() => listing(id, body)).toThrow(why);
});
