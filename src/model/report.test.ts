import { expect, test } from "vitest";
import { type ReportPiece, reportFlaws, reportKey } from "./report.ts";

const gateway = {
  ...{ unit: "a", version: "0.1.0", startedAt: "2026-01-01T00:00:00.000Z", wished: 7, realized: null, lastError: null },
  ...{ failing: { total: 1, objects: [{ key: "route/100/default", why: "EPERM" }] }, unreported: 0 },
};
const pieces: ReportPiece[] = [
  { type: "problem", body: { id: "port/vm-1", version: 7, why: "is not in its segment" } },
  { type: "agent", body: { id: "vm-1", current: true, refused: 0 } },
  { type: "lease", body: { segment: "web", ip: "10.0.0.3", mac: "02:00:00:00:00:01", until: null } },
  { type: "gateway", body: gateway },
];

test.each(pieces)(
  "reportFlaws has nothing against a sound $type under its own key, and against it under another",
  (piece) => {
    expect(reportFlaws({ ...piece, key: reportKey(piece) })).toEqual([]);
    expect(reportFlaws({ ...piece, key: "another" })).toMatchObject([{ field: "key", value: "another" }]);
  },
);

test.each<[field: string, type: string, body: unknown]>([
  ["type", "port", {}],
  ["id", "problem", { id: "x".repeat(301), version: 1, why: "" }],
  ["why", "problem", { id: "port/1", version: 1, why: "x".repeat(201) }],
  ["version", "problem", { id: "port/1", version: 1e300, why: "" }],
  ["ip", "lease", { segment: "web", ip: "nonsense", mac: "02:00:00:00:00:01", until: null }],
  ["until", "lease", { segment: "web", ip: "10.0.0.3", mac: "02:00:00:00:00:01", until: "soon" }],
  [
    "failing.objects",
    "gateway",
    { ...gateway, failing: { total: 30, objects: Array(30).fill({ key: "a", why: "" }) } },
  ],
  ["more", "agent", { id: "vm-1", current: true, refused: 0, more: "x".repeat(1_000_000) }],
])("reportFlaws names the field: %s of a %s", (field, type, body) => {
  expect(reportFlaws({ type, key: "self", body }).map((flaw) => flaw.field)).toContain(field);
});
