import { formatIpv4, Ipv4 } from "../net/ipv4.ts";
import { firstHostOf } from "../net/prefix.ts";
import type { Assigned } from "./role.ts";

/** What AWS's networks carry, jumbo frames included. */
export const WANTED_MTU = 9001;

/**
 * An interface's systemd.network(5) file. Only management has a default route in the main table: pcgd makes its own
 * tables for what it forwards. Secondary addresses are nobody's on this machine; the eBPF programs know them.
 */
export function networkFile({ role, mac, id, address, subnet, vpc }: Assigned): string {
  const router = formatIpv4(firstHostOf(subnet));
  const isManagement = role === "management";
  return [
    `# ${role}: ${id}. Written by pcg-boot from the instance's metadata, and again when that changes.`,
    "[Match]",
    `MACAddress=${mac}`,
    "",
    "[Link]",
    `MTUBytes=${WANTED_MTU}`,
    "RequiredForOnline=no",
    "",
    "[Network]",
    `Address=${formatIpv4(address)}/${subnet.length}`,
    ...(isManagement
      ? [`Gateway=${router}`, ...vpc.slice(0, 1).map((all) => `DNS=${formatIpv4(resolverOf(all))}`)]
      : []),
    "DHCP=no",
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    "LLDP=no",
    "",
  ].join("\n");
}

/** AWS's is the second address of the VPC's first range. */
const resolverOf = (vpc: { readonly address: Ipv4 }): Ipv4 => Ipv4(vpc.address + 2);
