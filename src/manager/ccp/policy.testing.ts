import { Compile } from "typebox/compile";
import { formatFlaw, schemaFlaws } from "../../model/flaw.ts";
import { idIn, kindOf, kinds, parentOf } from "../policy/kinds.ts";
import { DocumentTable } from "../state/document-table.ts";

/** An object as the tree holds it. @throws Error where it is not of its kind */
export function stored(path: string, body: object): object {
  const kind = kindOf(path);
  if (!kind) throw new Error(`nothing can be at ${path}`);
  const schema = validators[kind] ?? Compile(kinds[kind].schema);
  validators[kind] = schema;
  const flaws = schema.Check(body) ? [] : schemaFlaws(schema, body);
  if (flaws.length > 0) throw new Error(`${path}: ${flaws.map(formatFlaw).join("; ")}`);
  const id = idIn(path);
  return { id, display_name: id, path, parent_path: parentOf(path) ?? "/infra", _revision: 0, ...body };
}

const validators: Record<string, ReturnType<typeof Compile>> = {};

/** Objects by path, and leases by key. */
export type Tree = Readonly<Record<string, object>>;

export const documentsOf = (tree: Tree): DocumentTable =>
  new DocumentTable(
    Object.entries(tree).map(([key, body]) => [key, key.startsWith("/infra/") ? stored(key, body) : body]),
  );

const T0 = "/infra/tier-0s/t0";
const NAT = `${T0}/nat/USER/nat-rules`;
const DOMAIN = "/infra/domains/default";
const port = (vm: string, mac: string, ip?: string) => ({
  attachment: { id: vm },
  address_bindings: [{ mac_address: mac, ...(ip && { ip_address: ip }) }],
});
const and = { resource_type: "ConjunctionOperator", conjunction_operator: "AND" };
const or = { resource_type: "ConjunctionOperator", conjunction_operator: "OR" };
const tagged = (value: string, member_type = "VirtualMachine") => ({
  resource_type: "Condition",
  member_type,
  key: "Tag",
  operator: "EQUALS",
  value,
});

/** Two segments behind a pair of gateways, with something of every kind. */
export const laboratory: Tree = {
  "/infra/services/http": {
    service_entries: [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80"] }],
  },
  "/infra/services/web": {
    service_entries: [
      { resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80", "443"] },
      { resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4", icmp_type: 8 },
    ],
  },
  "/infra/virtual-machines/vm-1": {
    tep_address: "10.99.3.248",
    tep_label: 12312,
    tags: [{ scope: "role", tag: "web" }],
  },
  "/infra/virtual-machines/vm-2": {
    tep_address: "10.99.3.251",
    os_name: "Debian 12",
    tags: [{ scope: "role", tag: "app" }],
  },
  "/infra/virtual-machines/vm-3": { tep_address: "10.99.3.252", tags: [{ scope: "role", tag: "web" }] },
  "/infra/dhcp-server-configs/lab": { server_addresses: ["100.96.0.1/30"], lease_time: 7200 },
  [T0]: {
    mss_clamp: 1400,
    pat: { elastic_ip: "203.0.113.11", ports: { a: "20000-39999", b: "40000-59999" } },
    underlay: [
      { network: "10.99.0.0/16", mode: "ROUTED" },
      { network: "10.98.0.0/16", mode: "SNAT", next_hop: "10.99.3.1" },
    ],
  },
  "/infra/gateways/pcg-a": { tier0_path: T0 },
  "/infra/gateways/pcg-b": { tier0_path: T0 },
  [`${T0}/static-routes/partner`]: {
    network: "172.16.0.0/12",
    next_hops: [{ ip_address: "10.99.3.1", scope: ["downlink"] }],
  },
  [`${T0}/elastic-ips/web`]: {
    address: "203.0.113.10",
    secondaries: { a: "10.99.1.20", b: "10.99.101.20" },
    overlay_ip: "192.168.100.3",
  },
  [`${T0}/elastic-ips/pair`]: { address: "203.0.113.11", secondaries: { a: "10.99.1.21", b: "10.99.101.21" } },
  "/infra/segments/web": {
    display_name: "Web servers",
    connectivity_path: T0,
    overlay_id: 9096,
    domain_name: "web.lab.example",
    mtu: 8943,
    dhcp_config_path: "/infra/dhcp-server-configs/lab",
    subnets: [
      {
        gateway_address: "192.168.100.1/24",
        dhcp_ranges: ["192.168.100.100-192.168.100.199", "192.168.100.210"],
        dhcp_config: {
          lease_time: 3600,
          dns_servers: ["10.99.0.2"],
          options: {
            option121: { static_routes: [{ network: "10.0.0.0/8", next_hop: "192.168.100.1" }] },
            others: [
              { code: 42, values: ["10.99.0.3", "10.99.0.4"] },
              { code: 119, values: ["lab.example", "example"] },
              { code: 6, values: ["0x0a630002"] },
              { code: 60, values: ["0xff"] },
              { code: 224, values: ["0x0102", "0x03"] },
              { code: 225, values: ["words"] },
            ],
          },
        },
      },
    ],
  },
  "/infra/segments/app": {
    connectivity_path: T0,
    overlay_id: 9100,
    dhcp_config_path: "/infra/dhcp-server-configs/lab",
    subnets: [
      {
        gateway_address: "192.168.99.1/24",
        dhcp_ranges: ["192.168.99.100-192.168.99.199"],
        dhcp_config: { server_address: "192.168.99.2/24" },
      },
    ],
    tags: [{ scope: "zone", tag: "inner" }],
  },
  "/infra/segments/unconnected": { overlay_id: 9101, subnets: [{ gateway_address: "192.168.98.1/24" }] },
  "/infra/segments/web/ports/vm-1": port("vm-1", "02:00:00:00:64:01", "192.168.100.3"),
  "/infra/segments/app/ports/vm-1": port("vm-1", "02:00:00:00:63:01"),
  "/infra/segments/app/ports/vm-2": port("vm-2", "02:00:00:00:63:0A"),
  "/infra/segments/unconnected/ports/vm-3": port("vm-3", "02:00:00:00:62:03"),
  "/infra/segments/app/ports/nobody": port("gone", "02:00:00:00:63:0f"),
  "/infra/segments/web/dhcp-static-binding-configs/vm-1": {
    ip_address: "192.168.100.3",
    mac_address: "02:00:00:00:64:01",
    host_name: "vm-1",
    gateway_address: "192.168.100.1",
    options: { others: [{ code: 67, values: ["boot/vm-1"] }] },
  },
  "/leases/app/02:00:00:00:63:01": { ip: "192.168.99.101" },
  "/leases/app/02:00:00:00:63:0a": { ip: "192.168.99.100" },
  [`${NAT}/snat`]: {
    action: "SNAT",
    source_network: "192.168.99.0/24",
    translated_network: "203.0.113.11",
    translated_ports: "1024-2047",
    service: "/infra/services/http",
    sequence_number: 10,
  },
  [`${NAT}/dnat`]: {
    action: "DNAT",
    destination_network: "203.0.113.11",
    translated_network: "192.168.99.100",
    translated_ports: "8080",
    service: "/infra/services/http",
    logging: true,
  },
  [`${NAT}/reflexive`]: {
    action: "REFLEXIVE",
    source_network: "192.168.100.16/28",
    translated_network: "198.51.100.16/28",
    enabled: false,
  },
  [`${NAT}/no-snat`]: { action: "NO_SNAT", source_network: "192.168.100.0/24", destination_network: "10.0.0.0/8" },
  [`${NAT}/no-dnat`]: { action: "NO_DNAT", destination_network: "203.0.113.10", service: "/infra/services/web" },
  [`${NAT}/gone`]: { action: "NO_DNAT", destination_network: "203.0.113.10", service: "/infra/services/gone" },
  [`${DOMAIN}/groups/web`]: { expression: [tagged("role|web"), and, tagged("|inner", "Segment")] },
  [`${DOMAIN}/groups/admins`]: {
    expression: [
      { resource_type: "IPAddressExpression", ip_addresses: ["198.51.100.0/28"] },
      or,
      { resource_type: "PathExpression", paths: [`${DOMAIN}/groups/app`] },
    ],
  },
  [`${DOMAIN}/groups/app`]: {
    expression: [
      {
        resource_type: "Condition",
        member_type: "VirtualMachine",
        key: "OSName",
        operator: "STARTSWITH",
        value: "Deb",
      },
    ],
  },
  [`${DOMAIN}/groups/unused`]: { expression: [tagged("role|")] },
  [`${DOMAIN}/gateway-policies/edge`]: { category: "Emergency", sequence_number: 3 },
  [`${DOMAIN}/gateway-policies/edge/rules/published`]: {
    action: "ALLOW",
    direction: "IN",
    destination_groups: [`${DOMAIN}/groups/web`, "192.168.100.3"],
    services: ["/infra/services/web"],
    sequence_number: 10,
  },
  [`${DOMAIN}/gateway-policies/edge/rules/elsewhere`]: { action: "ALLOW", scope: ["/infra/tier-0s/elsewhere"] },
  [`${DOMAIN}/gateway-policies/edge/rules/rest`]: {
    action: "DROP",
    source_groups: ["ANY"],
    service_entries: [{ resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4" }],
    sequence_number: 20,
    logged: true,
    disabled: true,
    scope: [T0],
  },
  [`${DOMAIN}/security-policies/web`]: { category: "Infrastructure", scope: [`${DOMAIN}/groups/web`] },
  [`${DOMAIN}/security-policies/web/rules/ssh`]: {
    action: "ALLOW",
    direction: "IN",
    source_groups: [`${DOMAIN}/groups/admins`],
    service_entries: [
      {
        resource_type: "L4PortSetServiceEntry",
        l4_protocol: "TCP",
        source_ports: ["1024-65535"],
        destination_ports: ["22"],
      },
    ],
    sequence_number: 2,
  },
  [`${DOMAIN}/security-policies/web/rules/gone`]: { action: "ALLOW", services: ["/infra/services/gone"] },
  [`${DOMAIN}/security-policies/web/rules/http`]: {
    action: "ALLOW",
    services: ["/infra/services/http"],
    sequence_number: 1,
  },
  [`${DOMAIN}/security-policies/default`]: { sequence_number: 999999 },
  [`${DOMAIN}/security-policies/default/rules/rest`]: { action: "REJECT", direction: "IN" },
};
