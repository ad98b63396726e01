import type { DesiredState } from "./desired.ts";
import { endpointKey } from "./endpoint-key.ts";

/** An overlay address a NIC has by lease. */
export interface LeasedAddress {
  readonly segment: string;
  readonly mac: string;
  readonly ip: string;
}

/**
 * The wish with every address filled in that is known by now: a NIC without an address has that of its lease. An
 * address the wish gives to someone is not a lease's to give.
 */
export function withLeases(want: DesiredState, leases: readonly LeasedAddress[]): DesiredState {
  const taken = new Set(want.endpoints.flatMap((e) => (e.ip === undefined ? [] : [e.ip])));
  const leased = new Map(leases.filter((l) => !taken.has(l.ip)).map((l) => [endpointKey(l), l.ip]));
  const endpoints = want.endpoints.map((e) => {
    const ip = e.ip ?? leased.get(endpointKey(e));
    return ip === undefined ? e : { ...e, ip };
  });
  return { ...want, endpoints };
}
