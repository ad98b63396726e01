import type { KernelObject, ObjectOf } from "./kernel-object.ts";
import { ruleTag } from "./nft/rule-text.ts";

/** Two objects with the same key are two versions of one thing. */
export function keyOf(o: KernelObject): string {
  switch (o.kind) {
    case "veth-pair":
      return `veth-pair/${o.name}`;
    case "gro-limit":
      return `gro-limit/${o.link}`;
    case "address":
      return `address/${o.link}/${o.address}`;
    case "neighbour":
      return `neighbour/${o.link}/${o.address}`;
    case "route":
      return `route/${o.table}/${o.prefix}`;
    case "rule":
      return `rule/${o.priority}`;
    case "sysctl":
      return `sysctl/${o.name}`;
    case "nft-table":
      return "nft-table";
    case "nft-counter":
    case "nft-set":
    case "nft-base-chain":
    case "nft-chain":
      return `${o.kind}/${o.name}`;
    case "nft-element":
      return `nft-element/${o.set}/${o.key}`;
    case "bpf-entry":
      return `bpf-entry/${o.map}/${o.key}`;
    case "bpf-program":
      return `bpf-program/${o.link}/${o.direction}/${o.place}`;
  }
}

/** The object as an administrator would write it. Equal texts are equal objects. */
export function textOf(o: KernelObject): string {
  switch (o.kind) {
    case "veth-pair":
      return `link ${o.name} address ${o.mac} mtu ${o.mtu} type veth peer ${o.peer}`;
    case "gro-limit":
      return `link ${o.link} gro_max_size ${o.bytes}`;
    case "address":
      return `address ${o.address} dev ${o.link} noprefixroute`;
    case "neighbour":
      return `neighbour ${o.address} lladdr ${o.mac} dev ${o.link} nud permanent`;
    case "route":
      return routeText(o);
    case "rule":
      return ruleText(o);
    case "sysctl":
      return `sysctl ${o.name}=${o.value}`;
    case "nft-table":
      return "table ip pcg";
    case "nft-counter":
      return `counter ${o.name}`;
    case "nft-set":
      return setText(o);
    case "nft-element":
      return `element ${o.set} { ${o.key}${o.value === undefined ? "" : ` : ${o.value}`} }`;
    case "nft-base-chain":
      return [`base chain ${o.name}`, ...o.rules.map(ruleTag)].join("\n  ");
    case "nft-chain":
      return [`chain ${o.name}`, ...o.rules.map(ruleTag)].join("\n  ");
    case "bpf-entry":
      return `map ${o.map} ${o.key} = ${o.value}`;
    case "bpf-program":
      return `program dev ${o.link} ${o.direction} place ${o.place} ${o.program}`;
  }
}

function ruleText({ priority, link, from, mark, table }: ObjectOf<"rule">): string {
  const selectors = [link && `iif ${link}`, from && `from ${from}`, mark && `fwmark ${mark}`].filter(Boolean);
  return [`rule priority ${priority}`, ...selectors, `lookup ${table}`].join(" ");
}

function routeText(o: ObjectOf<"route">): string {
  const via = o.via ? ` via ${o.via}` : "";
  const options = `${o.source ? ` src ${o.source}` : ""}${o.mtu ? ` mtu ${o.mtu}` : ""}`;
  return `route ${o.prefix}${via} dev ${o.link} table ${o.table}${options}`;
}

/** That values are ranges is told to the kernel but not by it. */
function setText({ name, key, value, interval, counter, dynamic }: ObjectOf<"nft-set">): string {
  const flags = `${interval ? " flags interval" : ""}${counter ? " counter" : ""}`;
  const bounds = dynamic ? ` size ${dynamic.size} timeout ${dynamic.timeoutSeconds ?? "never"}` : "";
  const type = `${key.join(" . ")}${value === undefined ? "" : ` : ${value.join(" . ")}`}`;
  return `${value === undefined ? "set" : "map"} ${name} { type ${type}${flags}${bounds} }`;
}
