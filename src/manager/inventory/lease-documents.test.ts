import { expect, test } from "vitest";
import type { ReportBody } from "../../model/report.ts";
import { DocumentTable } from "../state/document-table.ts";
import { reported } from "./lease-documents.ts";

const lease = (mac: string, ip: string): ReportBody<"lease"> => ({ segment: "web", mac, ip, until: null });
const [first, second] = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;

test("reported puts what one gateway says in place of what it said, and leaves alone what another says", () => {
  const documents = new DocumentTable();
  const report = (gateway: string, ...leases: ReportBody<"lease">[]) =>
    documents.apply(reported(gateway, leases)(documents));
  report("pcg-a", lease(first, "192.168.100.10"), lease(second, "192.168.100.11"));
  report("pcg-b", lease(first, "192.168.100.10"));
  expect([...documents.under("")]).toEqual([
    [`/leases/web/${first}`, { ip: "192.168.100.10", gateway: "pcg-a" }],
    [`/leases/web/${second}`, { ip: "192.168.100.11", gateway: "pcg-a" }],
  ]);
  report("pcg-b");
  report("pcg-a", lease(first, "192.168.100.12"));
  expect([...documents.under("")]).toEqual([[`/leases/web/${first}`, { ip: "192.168.100.12", gateway: "pcg-a" }]]);
});

test("reported changes nothing when nothing is new", () => {
  const documents = new DocumentTable();
  documents.apply(reported("pcg-a", [lease(first, "192.168.100.10")])(documents));
  expect(reported("pcg-a", [lease(first, "192.168.100.10")])(documents).size).toBe(0);
});
