import type { BenchNamespace } from "./namespace.ts";

/** Both servers serve the same addresses, to the same relay. */
export const dhcpNet = {
  subnet: "172.16.0.0/14",
  length: 14,
  server: "172.16.0.1",
  /** Where perfdhcp asks from, as a relay. */
  relay: "172.16.1.1",
  ranges: [17, 18, 19].map((n) => ({ first: `172.${n}.0.0`, last: n === 19 ? "172.19.255.254" : `172.${n}.255.255` })),
} as const;

/** A running DHCP server, and where to ask it from. */
export interface DhcpStand {
  readonly client: BenchNamespace;
  readonly link: string;
  readonly said: () => string;
  stop(): Promise<void>;
}
