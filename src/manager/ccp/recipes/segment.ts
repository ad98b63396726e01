import type { DhcpServer } from "../../../model/dhcp.ts";
import { readIpv4 } from "../../../net/ipv4.ts";
import { dhcpOptions } from "../../policy/dhcp-options.ts";
import type { ObjectOf } from "../../policy/kinds.ts";
import { at, type Carried, carried, piece, type TreeRecipe, topOf } from "../tree.ts";

/** The network itself, and its DHCP server. */
export const segment: TreeRecipe<"Segment"> = ({ path, id }, look) => {
  const on = carried(look, path);
  if (!on) return [];
  const { tier0 } = on;
  const config = at<"DhcpServerConfig">(look, on.segment.dhcp_config_path);
  return [
    piece(tier0, "segment", id, networkPiece(on)),
    ...(config ? [piece(tier0, "dhcp", id, serverPiece(on, config))] : []),
  ];
};

const networkPiece = ({ segment: { id, display_name, domain_name, mtu }, vni, subnet }: Carried) => ({
  id,
  name: display_name || id,
  vni,
  gateway: subnet.gateway_address,
  ...(domain_name !== undefined && { dnsName: domain_name }),
  ...(mtu !== undefined && { mtu }),
});

function serverPiece({ segment: { id }, subnet }: Carried, config: ObjectOf<"DhcpServerConfig">) {
  const { dhcp_config: own, dhcp_ranges = [] } = subnet;
  const address = own?.server_address?.replace(/\/.*/, "");
  const leaseSeconds = own?.lease_time ?? config.lease_time;
  const options = dhcpOptions(own?.options, own?.dns_servers && { dns: own.dns_servers });
  return {
    id,
    segment: id,
    ranges: dhcp_ranges.flatMap(range),
    ...(address !== undefined && { address }),
    ...(leaseSeconds !== undefined && { leaseSeconds }),
    ...(options && { options }),
  };
}

function range(text: string): DhcpServer["ranges"] {
  const [first = "", last = first] = text.split("-");
  return readIpv4(first) === undefined || readIpv4(last) === undefined ? [] : [{ first, last }];
}

/** An address that DHCP always gives to the same interface. */
export const staticBinding: TreeRecipe<"DhcpV4StaticBindingConfig"> = (binding, look) => {
  const on = carried(look, topOf(binding.path));
  if (!on || !at<"DhcpServerConfig">(look, on.segment.dhcp_config_path)) return [];
  const { id, ip_address, mac_address, host_name, gateway_address } = binding;
  const options = dhcpOptions(binding.options, {
    ...(host_name !== undefined && { hostname: host_name }),
    ...(gateway_address !== undefined && { router: [gateway_address] }),
  });
  const body = { segment: on.segment.id, ip: ip_address, mac: mac_address, ...(options && { options }) };
  return [piece(on.tier0, "binding", `${on.segment.id}|${id}`, body)];
};
