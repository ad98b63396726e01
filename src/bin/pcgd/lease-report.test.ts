import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { type Lease, NEVER } from "../../dhcp/lease.ts";
import { parseIpv4 } from "../../net/ipv4.ts";
import { parseMac } from "../../net/mac.ts";
import { LeaseReport } from "./lease-report.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;

const lease = (expires: number, state: Lease["state"] = "bound"): Lease => ({
  ...{ segment: "web", ip: parseIpv4("10.0.0.3"), mac: parseMac("02:00:00:00:00:01"), clientId: undefined },
  ...{ hostname: undefined, start: NOON, expires, state },
});

function reportOf(...leases: Lease[]) {
  const clock = new VirtualClock();
  const report = new LeaseReport(clock, () => leases);
  return { clock, leases, report };
}

test.each([
  { expires: NOON, until: "2026-01-01T12:00:00.000Z" },
  { expires: NOON + 1, until: "2026-01-01T13:00:00.000Z" },
  { expires: NEVER, until: null },
  { expires: 8.64e15 + 1, until: null },
])("LeaseReport says of a lease until $expires that it ends by $until", ({ expires, until }) => {
  expect(reportOf(lease(expires)).report.pieces()).toMatchObject([{ type: "lease", body: { ip: "10.0.0.3", until } }]);
});

test("LeaseReport says only who has an address", () => {
  expect(reportOf(lease(NOON, "released"), lease(NOON, "expired"), lease(NOON, "declined")).report.pieces()).toEqual(
    [],
  );
});

test("LeaseReport is made anew at once when a lease begins, within a minute when one is renewed", () => {
  const { clock, leases, report } = reportOf(lease(NOON));
  const first = report.pieces();
  leases[0] = lease(NOON + 1);
  clock.advance(MINUTE_MS - 1);
  expect(report.pieces()).toBe(first);
  clock.advance(1);
  expect(report.pieces()).toMatchObject([{ body: { until: "2026-01-01T13:00:00.000Z" } }]);
  leases.pop();
  report.changed();
  expect(report.pieces()).toEqual([]);
});
