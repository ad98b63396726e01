import type { Position } from "../../../src/lcp/position.ts";
import type { Resource } from "../../../src/lcp/resource.ts";

/** Ports of a segment, of which each agent has the one that has its name. */
export const PORTS = 100;

/** An agent with an interface on so many segments, and how much concerns it: they, all their ports, a tunnel endpoint. */
export const WIDE = { agent: "wide", segments: 20, resources: 20 * (1 + PORTS + 1) + 1 } as const;

export const agentName = (n: number): string => `vm-${n}`;

/** Agents are spread over all segments. */
const segmentOf = (port: number, segments: number) => port % segments;

/** When a resource was made, so that who gets it can tell how long it took: nanoseconds, the same clock for all. */
const nowNs = (): string => `${process.hrtime.bigint()}`;

export const portOf = (n: number, segments: number, agents: number): Pick<Resource, "type" | "key" | "body"> => ({
  type: "port",
  key: `${n}`,
  body: {
    segment: `${segmentOf(n, segments)}`,
    mac: `02:00:00:${[n >> 16, n >> 8, n].map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join(":")}`,
    ip: `10.${(n >> 16) & 0xff}.${(n >> 8) & 0xff}.${n & 0xff}`,
    tep: "10.99.3.248",
    ...(n < agents && { node: agentName(n) }),
    name: nowNs(),
  },
});

/** So many endpoints, on segments of a hundred ports. */
export function endpoints(count: number, agents: number, version: Position): Resource[] {
  const segments = Math.ceil(count / PORTS);
  const tep: Resource = { type: "tep", key: "10.99.3.248", version, body: { address: "10.99.3.248" } };
  const all = Array.from({ length: segments }, (_, n): Resource => {
    const body = { id: `${n}`, name: `${n}`, vni: n + 1, gateway: "192.168.0.1/24" };
    return { type: "segment", key: `${n}`, version, body };
  });
  const ports = Array.from({ length: count }, (_, n): Resource => ({ ...portOf(n, segments, agents), version }));
  const wide = Array.from({ length: WIDE.segments }, (_, n): Resource => {
    const { type, key, body } = portOf(count + n, segments, 0);
    return { type, key, version, body: { ...(body as object), segment: `${n}`, node: WIDE.agent } };
  });
  return [tep, ...all, ...ports, ...wide];
}
