import type Type from "typebox";
import { GatewayPolicy, GatewayRule, Group, Rule, SecurityPolicy, Service } from "./kinds/security.ts";
import { DhcpServerConfig, DhcpV4StaticBindingConfig, Segment, SegmentPort, VirtualMachine } from "./kinds/segment.ts";
import { ElasticIp, PolicyNatRule, PublicCloudGateway, StaticRoutes, Tier0 } from "./kinds/tier0.ts";

const kind = <S extends Type.TObject>(path: string, schema: S, says: string) => ({ path, schema, says });

/**
 * What the policy tree consists of, in the shape of NSX's Policy API: one row a kind. `:name` stands for an id; `:parent`s
 * have to be there, fixed words need not. None comes before what it may refer to.
 */
export const kinds = {
  Service: kind("/infra/services/:id", Service, "Protocols and ports by name"),
  VirtualMachine: kind("/infra/virtual-machines/:id", VirtualMachine, "A VM of the cloud inventory"),
  DhcpServerConfig: kind("/infra/dhcp-server-configs/:id", DhcpServerConfig, "What DHCP servers have in common"),
  Tier0: kind("/infra/tier-0s/:id", Tier0, "What joins segments, VPC and Internet: a pair of gateways"),
  PublicCloudGateway: kind("/infra/gateways/:id", PublicCloudGateway, "A gateway unit"),
  StaticRoutes: kind("/infra/tier-0s/:tier0/static-routes/:id", StaticRoutes, "A route of a Tier-0"),
  ElasticIp: kind("/infra/tier-0s/:tier0/elastic-ips/:id", ElasticIp, "A public address of a Tier-0"),
  Segment: kind("/infra/segments/:id", Segment, "A logical layer-2 network"),
  SegmentPort: kind("/infra/segments/:segment/ports/:id", SegmentPort, "A VM's interface on a segment"),
  DhcpV4StaticBindingConfig: kind(
    "/infra/segments/:segment/dhcp-static-binding-configs/:id",
    DhcpV4StaticBindingConfig,
    "An address that DHCP always gives to the same interface",
  ),
  PolicyNatRule: kind("/infra/tier-0s/:tier0/nat/USER/nat-rules/:id", PolicyNatRule, "A translation at a Tier-0"),
  Group: kind("/infra/domains/default/groups/:id", Group, "VMs, ports and addresses by what they are"),
  GatewayPolicy: kind(
    "/infra/domains/default/gateway-policies/:id",
    GatewayPolicy,
    "A section of the gateway firewall",
  ),
  GatewayRule: kind(
    "/infra/domains/default/gateway-policies/:policy/rules/:id",
    GatewayRule,
    "A rule of the gateway firewall",
  ),
  SecurityPolicy: kind(
    "/infra/domains/default/security-policies/:id",
    SecurityPolicy,
    "A section of the distributed firewall",
  ),
  Rule: kind("/infra/domains/default/security-policies/:policy/rules/:id", Rule, "A rule of the distributed firewall"),
} as const;

export type KindName = keyof typeof kinds;

/** An object of a kind as the tree holds it: found sound, with what the manager fills in. */
export type ObjectOf<K extends KindName> = Type.Static<(typeof kinds)[K]["schema"]> & {
  readonly id: string;
  readonly path: string;
  readonly parent_path: string;
  readonly display_name: string;
  readonly _revision: number;
};

interface Pattern {
  readonly kind: KindName;
  readonly words: readonly string[];
}

/** What a path of a kind and its pattern have in common: few patterns share it, and it is asked for every document. */
const shapeOf = (words: readonly string[]) => `${words.length} ${words[2]} ${words.at(-2)}`;

const patterns: ReadonlyMap<string, readonly Pattern[]> = Map.groupBy(
  Object.entries(kinds).map(([name, { path }]): Pattern => ({ kind: name as KindName, words: path.split("/") })),
  (pattern) => shapeOf(pattern.words),
);

/** The kind of the object that a path names; undefined: there are none there. */
export function kindOf(path: string): KindName | undefined {
  const words = path.split("/");
  return patterns.get(shapeOf(words))?.find((pattern) => isLike(pattern, words))?.kind;
}

const isLike = (pattern: Pattern, words: readonly string[]) =>
  pattern.words.length === words.length &&
  pattern.words.every((word, n) => (word.startsWith(":") ? ID.test(words[n] ?? "") : word === words[n]));

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** `/infra/segments/web` of `/infra/segments/web/ports/p`; undefined where it has none that need be there. */
export function parentOf(path: string): string | undefined {
  const words = path.split("/");
  for (let length = words.length - 1; length > 2; length--) {
    const prefix = words.slice(0, length).join("/");
    if (kindOf(prefix)) return prefix;
  }
  return undefined;
}

/** `web` of `/infra/segments/web`. */
export const idIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
