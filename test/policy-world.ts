import { PcgError } from "../src/base/error.ts";
import { ClaimIndex } from "../src/manager/policy/claim-index.ts";
import { patchTree } from "../src/manager/policy/hierarchy.ts";
import type { Change, Documents } from "../src/manager/state/documents.ts";
import { placeOf } from "../src/manager/state/sorted-keys.ts";
import { formatFlaw } from "../src/model/flaw.ts";

/** Documents in a map, which counts what is read of them. */
class CountingDocuments implements Documents {
  readonly #values = new Map<string, unknown>();
  #sorted: string[] | undefined;
  reads = 0;

  get(key: string): unknown {
    this.reads++;
    return this.#values.get(key);
  }

  *under(prefix: string): Generator<readonly [string, unknown]> {
    this.#sorted ??= [...this.#values.keys()].sort();
    const keys = this.#sorted;
    for (let n = placeOf(prefix, keys); n < keys.length; n++) {
      const key = keys[n];
      if (!key?.startsWith(prefix)) return;
      this.reads++;
      yield [key, this.#values.get(key)];
    }
  }

  set(key: string, value: unknown): void {
    if (this.#values.has(key) !== (value !== undefined)) this.#sorted = undefined;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, frozen(value));
  }
}

/** A value that whoever changes it in place will be caught at. */
function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** A manager's policy without the manager: changes take effect at once. */
export class PolicyWorld {
  readonly documents = new CountingDocuments();
  readonly index = ClaimIndex.over(this.documents);

  apply(change: Change): void {
    const writes = change(this.documents);
    for (const [key, value] of writes) this.documents.set(key, value);
    this.index.changed(writes.keys());
  }

  /** What a change is refused for, as `CODE` and lines; empty: it took effect. */
  refusal(change: Change): string[] {
    try {
      this.apply(change);
      return [];
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      return textOf(error);
    }
  }

  /** Everything there is. */
  all(): Record<string, unknown> {
    return Object.fromEntries(this.documents.under(""));
  }
}

function textOf({ code, detail }: PcgError): string[] {
  const { flaws, ...rest } = detail as { readonly flaws?: readonly Parameters<typeof formatFlaw>[0][] };
  return flaws ? [code, ...flaws.map(formatFlaw)] : [code, JSON.stringify(rest)];
}

export const author = { user: "ops", wallMs: 1_700_000_000_000 };

const child = (kind: string, object: object) => ({ resource_type: `Child${kind}`, [kind]: object });

/** A Tier-0 with two segments, VMs, a group, services, NAT and both firewalls. */
export const goodTree = {
  resource_type: "Infra",
  children: [
    child("Service", {
      id: "http",
      service_entries: [{ resource_type: "L4PortSetServiceEntry", l4_protocol: "TCP", destination_ports: ["80"] }],
    }),
    child("Service", {
      id: "many",
      service_entries: [
        { resource_type: "L4PortSetServiceEntry", l4_protocol: "UDP", destination_ports: ["53", "123"] },
      ],
    }),
    child("VirtualMachine", { id: "vm-1", tep_address: "10.99.3.248" }),
    child("VirtualMachine", { id: "vm-2", tep_address: "10.99.3.251" }),
    child("DhcpServerConfig", { id: "dhcp" }),
    child("Tier0", {
      id: "t0",
      pat: { elastic_ip: "203.0.113.11", ports: { a: "1024-32767", b: "32768-65535" } },
      underlay: [{ network: "10.99.0.0/16", mode: "ROUTED" }],
      children: [
        child("StaticRoutes", { id: "default", network: "0.0.0.0/0" }),
        child("ElasticIp", {
          id: "web",
          address: "203.0.113.10",
          secondaries: { a: "10.99.1.20", b: "10.99.101.20" },
          overlay_ip: "192.168.100.3",
        }),
        child("ElasticIp", { id: "pat", address: "203.0.113.11", secondaries: { a: "10.99.1.21", b: "10.99.101.21" } }),
        child("PolicyNat", {
          id: "USER",
          nat_type: "USER",
          children: [
            child("PolicyNatRule", {
              id: "in",
              action: "DNAT",
              destination_network: "203.0.113.11",
              service: "/infra/services/http",
              translated_network: "192.168.99.4",
              translated_ports: "8080",
            }),
          ],
        }),
      ],
    }),
    child("PublicCloudGateway", { id: "pcg-a", tier0_path: "/infra/tier-0s/t0" }),
    child("Segment", {
      id: "web",
      connectivity_path: "/infra/tier-0s/t0",
      overlay_id: 9096,
      dhcp_config_path: "/infra/dhcp-server-configs/dhcp",
      subnets: [{ gateway_address: "192.168.100.1/24", dhcp_ranges: ["192.168.100.100-192.168.100.199"] }],
      children: [
        child("SegmentPort", {
          id: "vm-1",
          attachment: { id: "vm-1" },
          address_bindings: [{ mac_address: "02:00:00:00:64:03", ip_address: "192.168.100.3" }],
        }),
        child("DhcpV4StaticBindingConfig", {
          id: "vm-1",
          mac_address: "02:00:00:00:64:03",
          ip_address: "192.168.100.3",
        }),
      ],
    }),
    child("Segment", {
      id: "app",
      connectivity_path: "/infra/tier-0s/t0",
      subnets: [{ gateway_address: "192.168.99.1/24" }],
    }),
    {
      resource_type: "ChildResourceReference",
      id: "default",
      target_type: "Domain",
      children: [
        child("Group", {
          id: "web",
          expression: [
            {
              resource_type: "Condition",
              member_type: "VirtualMachine",
              key: "Tag",
              operator: "EQUALS",
              value: "tier|web",
            },
            { resource_type: "ConjunctionOperator", conjunction_operator: "OR" },
            { resource_type: "PathExpression", paths: ["/infra/segments/web/ports/vm-1"] },
          ],
        }),
        child("Group", {
          id: "all",
          expression: [{ resource_type: "PathExpression", paths: ["/infra/domains/default/groups/web"] }],
        }),
        child("SecurityPolicy", {
          id: "dfw",
          rules: [{ id: "in", action: "ALLOW", source_groups: ["ANY"], services: ["/infra/services/http"] }],
        }),
        child("GatewayPolicy", {
          id: "edge",
          children: [
            child("Rule", { id: "web", action: "ALLOW", destination_groups: ["/infra/domains/default/groups/all"] }),
          ],
        }),
      ],
    },
  ],
};

/** A world with the good tree in it. */
export function goodWorld(): PolicyWorld {
  const world = new PolicyWorld();
  world.apply(patchTree(goodTree, author));
  return world;
}
