import fc from "fast-check";
import { expect, test } from "vitest";
import { ResourceId } from "../../lcp/resource.ts";
import { runtimeFlaws } from "../../model/runtime.ts";
import { DocumentTable } from "../state/document-table.ts";
import type { Delta, Piece } from "../state/runtime.ts";
import { Compiler } from "./compiler.ts";
import { stored } from "./policy.testing.ts";

const DOMAIN = "/infra/domains/default";
const digit = fc.constantFrom(0, 1, 2);
const tags = fc.array(
  fc.record({ scope: fc.constantFrom("a", "b"), tag: fc.constantFrom("x", "xy", "y") }, { requiredKeys: [] }),
  { maxLength: 2 },
);
const tier0 = fc.constantFrom("/infra/tier-0s/0", "/infra/tier-0s/1", "/infra/tier-0s/2");
const segment = digit.map((n) => `/infra/segments/${n}`);
const vm = digit.map((n) => `/infra/virtual-machines/${n}`);
const group = digit.map((n) => `${DOMAIN}/groups/${n}`);
const service = digit.map((n) => `/infra/services/${n}`);
const name = fc.constantFrom("x", "xy", "yx");
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 2 });

const condition = fc.record({
  resource_type: fc.constant("Condition"),
  member_type: fc.constantFrom("VirtualMachine", "Segment", "SegmentPort"),
  key: fc.constantFrom("Tag", "Tag", "Name", "OSName"),
  operator: fc.constantFrom("EQUALS", "EQUALS", "NOTEQUALS", "CONTAINS", "STARTSWITH", "ENDSWITH"),
  value: fc.constantFrom("a|x", "a|", "|x", "|", "x", "xy"),
});
const operand = fc.oneof(
  condition,
  condition,
  fc.record({
    resource_type: fc.constant("IPAddressExpression"),
    ip_addresses: some(fc.constantFrom("10.0.0.1", "10.1.0.0/16")),
  }),
  fc.record({
    resource_type: fc.constant("PathExpression"),
    paths: some(
      fc.oneof(
        segment,
        vm,
        group,
        fc.tuple(segment, digit).map(([s, n]) => `${s}/ports/${n}`),
      ),
    ),
  }),
);
const conjunction = fc
  .constantFrom("AND", "OR")
  .map((conjunction_operator) => ({ resource_type: "ConjunctionOperator", conjunction_operator }));
const expression = fc.array(fc.tuple(conjunction, operand), { maxLength: 4 }).map((pairs) => pairs.flat().slice(1));

const whom = some(fc.oneof(group, fc.constantFrom("ANY", "10.2.0.0/16")));
const rule = {
  action: fc.constantFrom("ALLOW", "DROP"),
  source_groups: whom,
  destination_groups: whom,
  services: some(fc.oneof(service, fc.constant("ANY"))),
  sequence_number: digit,
};
const optional: { requiredKeys: ["action"] } = { requiredKeys: ["action"] };

/** Everything there may be: few names, so that things meet. */
const objects: readonly fc.Arbitrary<readonly [path: string, body: object]>[] = [
  fc.tuple(tier0, fc.record({ mss_clamp: fc.constantFrom(1400, 1460) }, { requiredKeys: [] })),
  fc.tuple(
    fc.tuple(tier0, digit).map(([path, n]) => `${path}/static-routes/${n}`),
    fc.record({ network: fc.constantFrom("0.0.0.0/0", "172.16.0.0/12") }),
  ),
  fc.tuple(
    fc.tuple(tier0, digit).map(([path, n]) => `${path}/nat/USER/nat-rules/${n}`),
    fc.record({ action: fc.constant("NO_SNAT"), service }),
  ),
  fc.tuple(
    service,
    fc.record({
      service_entries: fc.constantFrom(
        [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80", "81"] }],
        [{ resource_type: "ICMPTypeServiceEntry", protocol: "ICMPv4", icmp_type: 8 }],
      ),
    }),
  ),
  fc.tuple(
    digit.map((n) => `/infra/dhcp-server-configs/${n}`),
    fc.record({ lease_time: fc.constantFrom(60, 120) }),
  ),
  fc.tuple(
    segment,
    fc.record(
      {
        connectivity_path: tier0,
        overlay_id: fc.constantFrom(1, 2),
        subnets: fc.constant([{ gateway_address: "192.168.1.1/24" }]),
        dhcp_config_path: digit.map((n) => `/infra/dhcp-server-configs/${n}`),
        tags,
        display_name: name,
      },
      { requiredKeys: ["subnets"] },
    ),
  ),
  fc.tuple(
    fc.tuple(segment, digit).map(([path, n]) => `${path}/dhcp-static-binding-configs/${n}`),
    fc.constant({ ip_address: "192.168.1.9", mac_address: "02:00:00:00:00:09" }),
  ),
  ...Array(3).fill(
    fc.tuple(
      fc.tuple(segment, digit).map(([path, n]) => `${path}/ports/${n}`),
      fc.record({
        attachment: fc.record({ id: digit.map(String) }),
        address_bindings: fc
          .record(
            { mac_address: digit.map((n) => `02:00:00:00:00:0${n}`), ip_address: fc.constant("192.168.1.5") },
            { requiredKeys: ["mac_address"] },
          )
          .map((binding) => [binding]),
        tags,
        display_name: name,
      }),
    ),
  ),
  ...Array(2).fill(
    fc.tuple(
      vm,
      fc.record(
        { tep_address: digit.map((n) => `10.99.3.${n}`), tep_label: digit, os_name: name, tags, display_name: name },
        { requiredKeys: ["tep_address"] },
      ),
    ),
  ),
  ...Array(2).fill(fc.tuple(group, fc.record({ expression }))),
  fc.tuple(
    digit.map((n) => `${DOMAIN}/gateway-policies/${n}`),
    fc.record({ sequence_number: digit }),
  ),
  fc.tuple(
    fc.tuple(digit, digit).map(([p, n]) => `${DOMAIN}/gateway-policies/${p}/rules/${n}`),
    fc.record({ ...rule, scope: some(tier0) }, optional),
  ),
  fc.tuple(
    digit.map((n) => `${DOMAIN}/security-policies/${n}`),
    fc.record({ scope: some(fc.oneof(group, fc.constant("ANY"))) }, { requiredKeys: [] }),
  ),
  fc.tuple(
    fc.tuple(digit, digit).map(([p, n]) => `${DOMAIN}/security-policies/${p}/rules/${n}`),
    fc.record(rule, optional),
  ),
  fc.tuple(
    fc.tuple(digit, digit).map(([s, n]) => `/leases/${s}/02:00:00:00:00:0${n}`),
    fc.record({ ip: digit.map((n) => `192.168.1.${n + 10}`) }),
  ),
];

const write = fc
  .tuple(fc.oneof(...objects), fc.integer({ min: 0, max: 3 }))
  .map(([[path, body], chance]): [string, unknown] => {
    if (chance === 0) return [path, undefined];
    return [path, path.startsWith("/infra/") ? stored(path, body) : body];
  });

/** What is written together. The first is much, so that there is something to change. */
const history = fc.tuple(
  fc.array(write, { minLength: 20, maxLength: 60, size: "max" }),
  fc.array(fc.array(write, { minLength: 1, maxLength: 3 }), { maxLength: 8 }),
);

const tier0s = ["0", "1", "2"] as const;
const tablesOf = (compiler: Compiler) => new Map(tier0s.map((id) => [id, new Map(compiler.table(id))]));

/** @throws Error where a delta says what was so already */
function follow(tables: ReadonlyMap<string, Map<ResourceId, Piece>>, deltas: readonly Delta[]): void {
  for (const { tier0: id, upserts, deletes } of deltas) {
    const table = tables.get(id) ?? new Map<ResourceId, Piece>();
    for (const one of upserts) {
      expect(table.get(ResourceId(one.type, one.key))).not.toEqual(one);
      table.set(ResourceId(one.type, one.key), one);
    }
    for (const gone of deletes) expect(table.delete(gone)).toBe(true);
    expect(upserts.length + deletes.length).toBeGreaterThan(0);
  }
}

test("Compiler keeps up to date what it would make from scratch, tells just the differences, and what it made is sound", () => {
  fc.assert(
    fc.property(history, ([first, edits]) => {
      const documents = new DocumentTable();
      documents.apply(new Map(first));
      const compiler = new Compiler(documents);
      const told = tablesOf(compiler);
      for (const edit of edits) {
        documents.apply(new Map(edit));
        follow(told, compiler.changed(edit.map(([path]) => path)));
        const anew = new Compiler(documents);
        expect(tablesOf(compiler)).toEqual(tablesOf(anew));
        expect(told).toEqual(tablesOf(anew));
        expect([...compiler.tier0s()]).toEqual([...anew.tier0s()]);
      }
      for (const table of told.values())
        for (const { type, body } of table.values()) expect(runtimeFlaws(type, body)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("Compiler is back where it was when a change of documents is undone", () => {
  fc.assert(
    fc.property(history, ([first, edits]) => {
      const documents = new DocumentTable();
      documents.apply(new Map(first));
      const compiler = new Compiler(documents);
      const before = tablesOf(compiler);
      for (const edit of edits) {
        const undo = documents.apply(new Map(edit));
        const keys = edit.map(([path]) => path);
        const there = compiler.changed(keys);
        documents.apply(undo);
        const back = compiler.changed(keys);
        expect(tablesOf(compiler)).toEqual(before);
        expect(new Set(back.map((delta) => delta.tier0))).toEqual(new Set(there.map((delta) => delta.tier0)));
      }
    }),
    { numRuns: 300 },
  );
});
