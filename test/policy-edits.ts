import fc from "fast-check";

/** One edit of a small world, in which ids, addresses and VNIs meet all the time. */
export interface RandomEdit {
  readonly how: "patch" | "remove";
  readonly path: string;
  readonly body: Record<string, unknown>;
}

const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const record = (fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(fields).map((made) => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)));

const tier0 = pick("t0", "t1");
const segment = pick("a", "b", "c");
const vm = pick("v1", "v2");
const group = pick("g1", "g2", "g3").map((id) => `/infra/domains/default/groups/${id}`);
const service = pick("s1", "s2").map((id) => `/infra/services/${id}`);
const ip = pick("10.0.1.1", "10.0.1.5", "10.0.1.77", "10.0.2.5", "10.0.2.200", "10.1.0.9");
const elastic = pick("203.0.113.1", "203.0.113.2", "10.0.1.99");
const mac = pick("02:00:00:00:00:01", "02:00:00:00:00:0A", "02:00:00:00:00:0a");

const aSubnet = record({
  gateway_address: pick("10.0.1.1/24", "10.0.1.5/24", "10.0.1.129/25", "10.0.2.1/24", "10.0.0.1/16", "10.1.0.0/30"),
  dhcp_ranges: optional(fc.array(pick("10.0.1.50-10.0.1.90", "10.0.1.77", "10.0.2.200"), { maxLength: 2 })),
});

const aPart = fc.oneof(
  fc.constant({ resource_type: "Condition", member_type: "Segment", key: "Tag", operator: "EQUALS", value: "x|y" }),
  fc.constant({ resource_type: "IPAddressExpression", ip_addresses: ["10.0.0.0/8"] }),
  fc
    .oneof(
      group,
      segment.map((id) => `/infra/segments/${id}`),
      vm.map((id) => `/infra/virtual-machines/${id}`),
    )
    .map((path) => ({ resource_type: "PathExpression", paths: [path] })),
);
const join = pick("AND", "OR").map((word) => ({ resource_type: "ConjunctionOperator", conjunction_operator: word }));
const anExpression = fc.oneof(fc.constant([]), fc.tuple(aPart), fc.tuple(aPart, join, aPart), fc.tuple(aPart, aPart));

const bodies: readonly (readonly [path: fc.Arbitrary<string>, body: fc.Arbitrary<Record<string, unknown>>])[] = [
  [
    service,
    record({
      service_entries: fc.array(
        fc.oneof(
          fc.constant({ resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4" }),
          fc.constant({ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80"] }),
        ),
        { maxLength: 2 },
      ),
    }),
  ],
  [vm.map((id) => `/infra/virtual-machines/${id}`), record({ tep_address: pick("10.9.0.1", "10.9.0.2") })],
  [
    tier0.map((id) => `/infra/tier-0s/${id}`),
    record({
      pat: optional(
        record({
          elastic_ip: elastic,
          ports: pick({ a: "1-9" }, { a: "1024-2000", b: "2001-3000" }, { a: "1-9", b: "9" }),
        }),
      ),
      underlay: optional(
        pick([{ network: "10.9.0.0/16", mode: "ROUTED" }], [{ network: "10.0.2.0/26", mode: "SNAT" }]),
      ),
    }),
  ],
  [
    pick("x", "y").map((id) => `/infra/gateways/${id}`),
    record({ tier0_path: tier0.map((id) => `/infra/tier-0s/${id}`) }),
  ],
  [
    tier0.map((id) => `/infra/tier-0s/${id}/static-routes/r`),
    record({ network: pick("0.0.0.0/0", "172.16.0.0/12", "10.1.0.0/16") }),
  ],
  [
    fc.tuple(tier0, pick("e1", "e2")).map(([t, e]) => `/infra/tier-0s/${t}/elastic-ips/${e}`),
    record({
      address: elastic,
      secondaries: pick({ a: "10.9.1.1", b: "10.9.2.1" }, { a: "10.9.1.2" }, { a: "10.9.2.1", b: "10.9.2.1" }),
      overlay_ip: optional(ip),
    }),
  ],
  [
    segment.map((id) => `/infra/segments/${id}`),
    record({
      connectivity_path: optional(
        fc.oneof(
          tier0.map((id) => `/infra/tier-0s/${id}`),
          fc.constant(null),
        ),
      ),
      overlay_id: pick(1, 2, 3, 4),
      subnets: optional(fc.tuple(aSubnet)),
    }),
  ],
  [
    fc.tuple(segment, pick("p", "q")).map(([s, p]) => `/infra/segments/${s}/ports/${p}`),
    record({
      attachment: vm.map((id) => ({ id })),
      address_bindings: fc.tuple(record({ mac_address: mac, ip_address: optional(ip) })),
    }),
  ],
  [
    fc.tuple(segment, pick("p", "q")).map(([s, b]) => `/infra/segments/${s}/dhcp-static-binding-configs/${b}`),
    record({ mac_address: mac, ip_address: ip }),
  ],
  [
    tier0.map((id) => `/infra/tier-0s/${id}/nat/USER/nat-rules/n`),
    record({
      action: pick("SNAT", "DNAT", "DNAT", "DNAT"),
      destination_network: fc.constant("203.0.113.1"),
      translated_network: pick("10.0.1.5", "10.0.1.5", "10.0.1.0/24"),
      service: optional(service),
      translated_ports: optional(fc.constant("8080")),
    }),
  ],
  [group, record({ expression: anExpression })],
  [
    pick("/infra/domains/default/security-policies/d", "/infra/domains/default/gateway-policies/d"),
    record({
      rules: optional(
        fc.tuple(record({ id: pick("r1", "r2"), action: fc.constant("DROP"), services: optional(fc.tuple(service)) })),
      ),
      sequence_number: pick(1, 2),
    }),
  ],
  [
    pick("security", "gateway").map((kind) => `/infra/domains/default/${kind}-policies/d/rules/r1`),
    record({ action: pick("ALLOW", "DROP"), source_groups: optional(fc.tuple(group)) }),
  ],
];

export const aPatch: fc.Arbitrary<RandomEdit> = fc.oneof(
  ...bodies.map(([path, body]) => fc.record({ how: fc.constant("patch" as const), path, body })),
);

/** Three in four create or change something. */
export const anEdit: fc.Arbitrary<RandomEdit> = fc.oneof(
  { weight: 3, arbitrary: aPatch },
  { weight: 1, arbitrary: aPatch.map((edit) => ({ ...edit, how: "remove" as const })) },
);

const child = (kind: string, object: object) => ({ resource_type: `Child${kind}`, [kind]: object });
const http = { resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80"] };

/** What random edits begin with, so that most of what they refer to is there. */
export const seedTree = {
  resource_type: "Infra",
  children: [
    ...["s1", "s2"].map((id) => child("Service", { id, service_entries: [http] })),
    ...["v1", "v2"].map((id) => child("VirtualMachine", { id, tep_address: "10.9.0.1" })),
    ...["t0", "t1"].map((id) => child("Tier0", { id })),
    child("Segment", {
      id: "a",
      connectivity_path: "/infra/tier-0s/t0",
      overlay_id: 1,
      subnets: [{ gateway_address: "10.0.1.1/24" }],
    }),
    child("Segment", { id: "b", overlay_id: 2, subnets: [{ gateway_address: "10.0.2.1/24" }] }),
    child("Domain", {
      id: "default",
      children: [
        child("Group", { id: "g1", expression: [] }),
        child("SecurityPolicy", { id: "d" }),
        child("GatewayPolicy", { id: "d" }),
      ],
    }),
  ],
};
