import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { checkDhcpServer } from "../../dhcp/check.ts";
import { checkDesired } from "../../model/check.ts";
import { desiredOf } from "../../model/desired-of.ts";
import { formatFlaw } from "../../model/flaw.ts";
import { type RuntimePiece, runtimeFlaws } from "../../model/runtime.ts";
import { patch, remove } from "../policy/edit.ts";
import { DocumentTable } from "../state/document-table.ts";
import type { Piece } from "../state/runtime.ts";
import { Compiler } from "./compiler.ts";

const author = { user: "admin", wallMs: 0 };
const DOMAIN = "/infra/domains/default";
const digit = fc.constantFrom(0, 1);
const at = (folder: string) => digit.map((n) => `${folder}/${n}`);
const below = (folder: string, words: string) => fc.tuple(digit, digit).map(([a, b]) => `${folder}/${a}/${words}/${b}`);
const tier0 = at("/infra/tier-0s");
const service = at("/infra/services");
const group = at(`${DOMAIN}/groups`);
const config = at("/infra/dhcp-server-configs");
const inner = fc.constantFrom(
  "192.168.1.1",
  "192.168.1.5",
  "192.168.1.20",
  "192.168.2.9",
  "192.168.2.0",
  "10.99.3.1",
  "127.0.0.1",
);
const outer = fc.constantFrom("203.0.113.1", "203.0.113.2", "192.168.1.20", "224.0.0.5");
const network = fc.constantFrom(
  "192.168.1.0/24",
  "192.168.1.0/28",
  "192.168.2.9",
  "203.0.113.1",
  "203.0.113.0/28",
  "0.0.0.0/0",
  "240.0.0.0/24",
);
const routed = fc.constantFrom(
  "172.16.0.0/12",
  "10.99.0.0/16",
  "172.17.0.0/16",
  "0.0.0.0/0",
  "192.168.1.0/28",
  "169.254.169.254",
  "128.0.0.0/1",
);
const hop = fc.constantFrom("10.99.3.7", "10.99.1.7", "0.0.0.0", "255.255.255.255");
const ports = fc.constantFrom("80", "8000-8009", "9000-9009");
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 2 });
const mac = digit.map((n) => `02:00:00:00:00:0${n}`);
const record = (model: Record<string, fc.Arbitrary<unknown>>, ...required: string[]) =>
  fc.record(model, { requiredKeys: required });

const option = record(
  {
    code: fc.constantFrom(6, 15, 26, 42, 61, 67, 119, 121, 150, 224),
    values: fc.constantFrom(["10.0.0.1"], ["0x01"], ["1400"], ["lab.example"], ["words and more"], [""]),
  },
  "code",
  "values",
);
const options = record({ others: fc.array(option, { maxLength: 2 }) });
const subnet = record(
  {
    gateway_address: fc.constantFrom("192.168.1.1/24", "192.168.2.1/24", "192.168.0.1/16", "127.1.0.1/16", "0.0.0.1/1"),
    dhcp_ranges: some(fc.constantFrom("192.168.1.10-192.168.1.19", "192.168.1.5", "192.168.2.8-192.168.2.99")),
    dhcp_config: record({
      server_address: fc.constantFrom("192.168.1.2/24", "192.168.1.5/24"),
      dns_servers: fc.constant(["10.99.0.2"]),
      options,
    }),
  },
  "gateway_address",
);
const rule = {
  action: fc.constantFrom("ALLOW", "DROP"),
  source_groups: some(fc.oneof(group, network)),
  services: some(service),
  sequence_number: digit,
};
const nat = {
  action: fc.constantFrom("SNAT", "DNAT", "REFLEXIVE", "NO_SNAT", "NO_DNAT"),
  source_network: network,
  destination_network: network,
  translated_network: network,
  translated_ports: ports,
  service,
};

const tcp = { resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP" } as const;

/** Much of it cannot be, alone or beside the rest. */
const objects: readonly fc.Arbitrary<readonly [path: string, body: object]>[] = [
  fc.tuple(
    tier0,
    record({
      underlay: some(
        record({ network: routed, mode: fc.constantFrom("ROUTED", "SNAT"), next_hop: hop }, "network", "mode"),
      ),
      pat: record({ elastic_ip: outer, ports: record({ a: ports, b: ports }) }, "elastic_ip", "ports"),
    }),
  ),
  fc.tuple(
    below("/infra/tier-0s", "static-routes"),
    record({ network: routed, next_hops: hop.map((ip_address) => [{ ip_address }]) }, "network"),
  ),
  fc.tuple(
    below("/infra/tier-0s", "elastic-ips"),
    record(
      {
        address: outer,
        secondaries: record({ a: fc.constantFrom("10.99.1.1", "10.99.1.2", "169.254.1.1") }),
        overlay_ip: inner,
      },
      "address",
      "secondaries",
    ),
  ),
  fc.tuple(below("/infra/tier-0s", "nat/USER/nat-rules"), record(nat, "action")),
  fc.tuple(
    service,
    record(
      {
        service_entries: some(
          fc.oneof(
            record(
              {
                resource_type: fc.constant("L4PortSetServiceEntry"),
                l4_protocol: fc.constantFrom("TCP", "UDP"),
                destination_ports: some(ports),
              },
              "resource_type",
              "l4_protocol",
            ),
            record(
              { resource_type: fc.constant("ICMPTypeServiceEntry"), protocol: fc.constant("ICMPv4"), icmp_type: digit },
              "resource_type",
              "protocol",
            ),
          ),
        ),
      },
      "service_entries",
    ),
  ),
  fc.tuple(config, record({ lease_time: fc.constant(60), server_addresses: fc.constant(["192.168.1.15/24"]) })),
  fc.tuple(
    at("/infra/segments"),
    record(
      {
        connectivity_path: tier0,
        subnets: subnet.map((one) => [one]),
        dhcp_config_path: config,
        domain_name: fc.constant("lab.example"),
      },
      "subnets",
    ),
  ),
  fc.tuple(
    below("/infra/segments", "dhcp-static-binding-configs"),
    record({ ip_address: inner, mac_address: mac, host_name: fc.constant("vm"), options }, "ip_address", "mac_address"),
  ),
  fc.tuple(
    below("/infra/segments", "ports"),
    record(
      {
        attachment: record({ id: digit.map(String) }, "id"),
        address_bindings: record({ mac_address: mac, ip_address: inner }, "mac_address").map((one) => [one]),
      },
      "attachment",
      "address_bindings",
    ),
  ),
  fc.tuple(
    at("/infra/virtual-machines"),
    record({ tep_address: fc.constantFrom("10.99.3.1", "10.99.3.2", "127.0.0.1"), tep_label: digit }, "tep_address"),
  ),
  fc.tuple(
    group,
    record(
      { expression: some(network).map((ip_addresses) => [{ resource_type: "IPAddressExpression", ip_addresses }]) },
      "expression",
    ),
  ),
  fc.tuple(at(`${DOMAIN}/gateway-policies`), record({ sequence_number: digit })),
  fc.tuple(below(`${DOMAIN}/gateway-policies`, "rules"), record({ ...rule, scope: some(tier0) }, "action")),
  fc.tuple(at(`${DOMAIN}/security-policies`), record({ scope: some(group) })),
  fc.tuple(below(`${DOMAIN}/security-policies`, "rules"), record(rule, "action")),
];

/** What the rest hangs from; all of it may go or change. */
const beginning = [0, 1].flatMap((n): [path: string, body: object][] => [
  [`/infra/services/${n}`, { service_entries: [{ ...tcp, destination_ports: ["80"] }] }],
  [`/infra/virtual-machines/${n}`, { tep_address: `10.99.3.${n + 1}` }],
  [`/infra/dhcp-server-configs/${n}`, {}],
  [`/infra/tier-0s/${n}`, {}],
  [
    `/infra/segments/${n}`,
    { connectivity_path: "/infra/tier-0s/0", subnets: [{ gateway_address: `192.168.${n + 1}.1/24` }] },
  ],
  [`${DOMAIN}/groups/${n}`, { expression: [] }],
  [`${DOMAIN}/gateway-policies/${n}`, {}],
  [`${DOMAIN}/security-policies/${n}`, {}],
]);

const edits = fc.array(fc.tuple(fc.oneof(...objects), fc.nat(9)), { minLength: 20, maxLength: 60, size: "max" });

/** @returns whether it was accepted */
function edit(documents: DocumentTable, path: string, body: object | undefined): boolean {
  try {
    documents.apply((body ? patch(path, body, author) : remove(path))(documents));
    return true;
  } catch (error) {
    if (!(error instanceof PcgError)) throw error;
    return false;
  }
}

function flawsOf(table: ReadonlyMap<string, Piece>): string[] {
  const own = [...table.values()].flatMap(({ type, body }) =>
    runtimeFlaws(type, body).map((flaw) => `${type} ${formatFlaw(flaw)}`),
  );
  if (own.length > 0) return own;
  const checked = checkDesired(desiredOf(table as ReadonlyMap<string, RuntimePiece>, 1));
  if (!checked.ok) return checked.flaws.map(formatFlaw);
  const { segments, dhcp = [] } = checked.value;
  return dhcp.flatMap((server) =>
    segments
      .filter(({ id }) => id === server.segment)
      .flatMap((segment) => checkDhcpServer(server, segment).map(formatFlaw)),
  );
}

const RUNS = 200;
const PATIENCE_MS = 60_000;

test(
  "what policy accepts becomes runtime state that a gateway accepts as a whole",
  () => {
    let accepted = 0;
    fc.assert(
      fc.property(edits, (history) => {
        const documents = new DocumentTable();
        for (const [path, body] of beginning) expect(edit(documents, path, body)).toBe(true);
        const done = history.filter(([[path, body], chance]) => edit(documents, path, chance === 0 ? undefined : body));
        accepted += done.length;
        const compiler = new Compiler(documents);
        for (const id of compiler.tier0s()) expect(flawsOf(compiler.table(id))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(10 * RUNS);
  },
  PATIENCE_MS,
);
