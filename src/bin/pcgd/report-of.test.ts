import { expect, test } from "vitest";
import { reportFlaws } from "../../model/report.ts";
import { type Known, reportOf } from "./report-of.ts";

const known: Known = {
  ...{ unit: "a", version: "0.1.0", startedAt: "2026-01-01T00:00:00.000Z", wishError: null },
  progress: { wished: 9, realized: 7, failures: new Map([["route/100/0.0.0.0/0", "EPERM"]]), lastError: "EPERM" },
  problems: [{ id: "port/vm-3", version: 8, why: "no such segment" }],
  agents: [{ id: "vm-1", current: true, refused: 0 }],
  leases: [{ type: "lease", body: { segment: "web", ip: "10.0.0.3", mac: "02:00:00:00:00:01", until: null } }],
};

test("reportOf says each thing under its own name", () => {
  expect(Object.fromEntries(reportOf(known).map(({ type, key, body }) => [`${type}/${key}`, body]))).toEqual({
    "problem/port/vm-3": known.problems[0],
    "agent/vm-1": known.agents[0],
    "lease/web/10.0.0.3": known.leases[0]?.body,
    "gateway/self": {
      ...{ unit: "a", version: "0.1.0", startedAt: "2026-01-01T00:00:00.000Z" },
      ...{ wished: 9, realized: 7, lastError: "EPERM", unreported: 0 },
      failing: { total: 1, objects: [{ key: "route/100/0.0.0.0/0", why: "EPERM" }] },
    },
  });
});

test("reportOf leaves out what is too much, says how much that is, and what controllers take is left", () => {
  const long = "x".repeat(1_000);
  const statements = reportOf({
    ...known,
    wishError: long,
    progress: {
      ...known.progress,
      failures: new Map(Array.from({ length: 30 }, (_, n) => [`route/${n}${long}`, long])),
    },
    problems: Array.from({ length: 6_000 }, (_, n) => ({ id: `port/${n}`, version: 1, why: "" })),
    agents: Array.from({ length: 15_001 }, (_, n) => ({ id: `vm-${n}`, current: false, refused: 0 })),
  });
  expect(statements.at(-1)?.body).toMatchObject({ unreported: 1_001, failing: { total: 30 } });
  expect(statements.length).toBe(5_000 + 15_000 + 1 + 1);
  expect(statements.flatMap(reportFlaws)).toEqual([]);
});
