import { expect, test } from "vitest";
import { DocumentTable } from "../../state/document-table.ts";
import { Compiler } from "../compiler.ts";

const record = (...serials: string[]) => ({
  certificates: serials.map((serial, n) => ({ serial, notAfter: 9, ...(n > 0 && { until: 5 }) })),
  enrolledAt: 1,
  enrolledBy: "token",
});

test("agentCertificate tells every Tier-0 the certificates of an agent that are good, and of nobody else", () => {
  const documents = new DocumentTable([
    ["/infra/tier-0s/t0", { id: "t0", path: "/infra/tier-0s/t0" }],
    ["/nodes/agent/vm-1", record("b", "a")],
    ["/nodes/gateway/pcg-a", record("c")],
  ]);
  const compiler = new Compiler(documents);
  const told = (tier0: string) =>
    [...compiler.table(tier0).values()].flatMap(({ type, key, body }) =>
      type === "certificate" ? [{ key, body }] : [],
    );
  expect(told("t0")).toEqual([{ key: "vm-1", body: { good: [{ serial: "b" }, { serial: "a", until: 5 }] } }]);

  documents.apply(new Map<string, unknown>([["/infra/tier-0s/t1", { id: "t1", path: "/infra/tier-0s/t1" }]]));
  compiler.changed(["/infra/tier-0s/t1"]);
  expect(told("t1")).toEqual(told("t0"));

  documents.apply(new Map([["/nodes/agent/vm-1", record()]]));
  const [delta] = compiler.changed(["/nodes/agent/vm-1"]);
  expect(delta).toMatchObject({ upserts: [{ key: "vm-1", body: { good: [] } }], deletes: [] });

  documents.apply(new Map([["/nodes/agent/vm-1", undefined]]));
  expect(compiler.changed(["/nodes/agent/vm-1"]).map(({ deletes }) => deletes)).toEqual([
    ["certificate/vm-1"],
    ["certificate/vm-1"],
  ]);
});
