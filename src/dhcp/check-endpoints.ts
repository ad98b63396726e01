import type { DhcpServer } from "../model/dhcp.ts";
import type { Flaw } from "../model/flaw.ts";
import type { Endpoint } from "../model/topology.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { parseMac } from "../net/mac.ts";

interface Fixed {
  /** The endpoint's place in the desired state, such as `endpoints[3]`. */
  readonly at: string;
  readonly ip: string;
  readonly mac: string;
}

/**
 * What a server gives must not contradict the addresses that the desired state gives to segment ports: nobody can send
 * from another port's address, and a port with an address from no other one.
 *
 * @param all endpoints of every segment, as they stand in the desired state
 */
export function endpointFlaws(server: DhcpServer, all: readonly Endpoint[]): Flaw[] {
  const fixed = all.flatMap(({ segment, ip, mac }, i): Fixed[] =>
    segment === server.segment && ip !== undefined ? [{ at: `endpoints[${i}]`, ip, mac: parseMac(mac) }] : [],
  );
  const byIp = new Map(fixed.map((one) => [parseIpv4(one.ip), one]));
  const byMac = new Map(fixed.map((one) => [one.mac, one]));
  const ofServer = server.address === undefined ? undefined : byIp.get(parseIpv4(server.address));
  return [
    ...(ofServer ? [{ field: "address", value: server.address, why: `is also the address of ${ofServer.at}` }] : []),
    ...(server.bindings ?? []).flatMap(({ ip: value, mac }, i): Flaw[] => {
      const flaw = (why: string): Flaw[] => [{ field: `bindings[${i}].ip`, value, why }];
      if (mac === undefined) return [];
      const owner = byIp.get(parseIpv4(value));
      if (owner && owner.mac !== parseMac(mac)) return flaw(`is the address of ${owner.at} whose mac is ${owner.mac}`);
      const port = byMac.get(parseMac(mac));
      return port && !owner ? flaw(`differs from the address of ${port.at} with the same mac which is ${port.ip}`) : [];
    }),
  ];
}
