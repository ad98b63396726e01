import { parsePrefix } from "../../../net/prefix.ts";
import { idIn, type ObjectOf } from "../../policy/kinds.ts";
import { fact } from "../facts.ts";
import type { Look } from "../graph.ts";
import type { Offer } from "../offers.ts";
import { at, piece, type TreeRecipe, topOf } from "../tree.ts";

/** The gateway itself, the VPC prefixes it joins, and its way to the Internet. */
export const tier0: TreeRecipe<"Tier0"> = (object, look) => {
  const { id, mss_clamp, underlay = [] } = object;
  const pat = patOf(object, look);
  const gateway = { ...(mss_clamp !== undefined && { mssClamp: mss_clamp }), ...(pat && { pat }) };
  return [
    piece(id, "gateway", id, gateway),
    ...underlay.map(({ network, mode, next_hop }) =>
      piece(id, "underlay", network, {
        prefix: network,
        mode: mode === "ROUTED" ? ("routed" as const) : ("snat" as const),
        ...(next_hop !== undefined && { via: next_hop }),
      }),
    ),
    ...defaultRoute(object, look),
  ];
};

/** Behind an address that is not its own it would hide nothing. */
function patOf({ path, pat }: ObjectOf<"Tier0">, look: Look) {
  const own = look.keys(`${path}/elastic-ips/`).map((key) => at<"ElasticIp">(look, key));
  const isOwn = own.some((eip) => eip?.address === pat?.elastic_ip);
  return pat && isOwn ? { address: pat.elastic_ip, ports: pat.ports } : undefined;
}

/** By the VPC router, unless the operator says otherwise. No static route's id has a slash. */
function defaultRoute({ id, path }: ObjectOf<"Tier0">, look: Look): Offer[] {
  const routes = look.keys(`${path}/static-routes/`).flatMap((key) => at<"StaticRoutes">(look, key) ?? []);
  if (routes.some(({ network }) => isDefault(network))) return [];
  return [piece(id, "route", "0.0.0.0/0", { list: "uplink", prefix: "0.0.0.0/0" })];
}

const isDefault = (network: string) => parsePrefix(network).length === 0;

export const staticRoutes: TreeRecipe<"StaticRoutes"> = ({ path, id, network, next_hops = [] }, look) => {
  const tier0Path = topOf(path);
  if (!look.has(tier0Path)) return [];
  const [{ ip_address, scope = [] } = {}] = next_hops;
  const [out = "uplink" as const] = scope;
  const body = {
    list: isDefault(network) && out === "uplink" ? ("uplink" as const) : ("static" as const),
    prefix: network,
    ...(ip_address !== undefined && { via: ip_address }),
    ...(out === "downlink" && { interface: out }),
  };
  return [piece(idIn(tier0Path), "route", id, body)];
};

export const elasticIp: TreeRecipe<"ElasticIp"> = ({ path, id, address, secondaries, overlay_ip }, look) => {
  const tier0Path = topOf(path);
  if (!look.has(tier0Path)) return [];
  const body = { address, secondary: secondaries, ...(overlay_ip !== undefined && { overlayIp: overlay_ip }) };
  return [piece(idIn(tier0Path), "eip", id, body)];
};

export const gateway: TreeRecipe<"PublicCloudGateway"> = ({ id, tier0_path }) => [
  fact("gateway", [idIn(tier0_path), id], true),
];
