import { OVERLAY } from "../datapath/names.ts";
import type { Part, Rule } from "../model/nft/rule.ts";
import { formatIpv4, readIpv4 } from "../net/ipv4.ts";
import { type AddressRange, rangeOf, readPrefix } from "../net/prefix.ts";
import { whyReserved } from "../net/special-use.ts";
import { linksOf, type OwnUnit, ownAddresses } from "./own-unit.ts";

/** Ends a rule: whatever followed would never be reached, or be under the limit of a log. */
const last = new Set(["accept", "drop", "return", "goto", "log", "reject", "vmap", "snat", "dnat"]);

/** Why a rule of somebody else's cannot stand, beyond what its schema says; undefined if it can. */
export function nftFlaw(rule: Rule, unit: OwnUnit): string | undefined {
  for (const [i, part] of rule.entries()) {
    if ("do" in part && last.has(part.do) && i < rule.length - 1) return `nothing can follow ${part.do}`;
    const flaw = linkFlaw(part, unit) ?? targetFlaw(part, unit);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

function linkFlaw(part: Part, unit: OwnUnit): string | undefined {
  const ours = new Set([OVERLAY, ...Object.values(linksOf(unit))]);
  const foreign = linksIn(part).find((name) => !ours.has(name));
  return foreign && `${foreign} is no interface of this gateway`;
}

function linksIn(part: Part): string[] {
  if ("if" in part) return part.if === "iifname" || part.if === "oifname" ? part.is : [];
  return part.do === "vmap" && part.on === "iifname" ? part.to.map(([name]) => name) : [];
}

/** A source may become the downlink's own, for prefixes of the VPC that must see the unit; everything else is nobody's. */
function targetFlaw(part: Part, unit: OwnUnit): string | undefined {
  if (!("do" in part) || (part.do !== "snat" && part.do !== "dnat")) return undefined;
  const target = "to" in part ? part.to : "into" in part ? part.into : undefined;
  const own = part.do === "snat" ? [...unit.uplink.addresses, ...unit.management.addresses] : ownAddresses(unit);
  return target === undefined ? undefined : whyNoTarget(target, own);
}

/** Why the value of a map cannot be what addresses are translated to; undefined if it can, or has no address. */
export const elementFlaw = (value: string, unit: OwnUnit): string | undefined =>
  value
    .split(" . ")
    .filter((part) => part.includes("."))
    .map((part) => whyNoTarget(part, ownAddresses(unit)))
    .find((why) => why !== undefined);

function whyNoTarget(text: string, own: OwnUnit["uplink"]["addresses"]): string | undefined {
  const range = readRange(text);
  if (!range) return `${text} is no address, network or range of addresses`;
  const hit = own.find(({ address }) => address >= range.first && address <= range.last);
  return hit ? `${formatIpv4(hit.address)} is this unit's own` : whyReserved(range);
}

/** `10.0.0.1`, `10.0.0.0/24`, `10.0.0.1-10.0.0.9`. */
function readRange(text: string): AddressRange | undefined {
  const [from, to] = text.split("-");
  if (to === undefined) {
    const prefix = readPrefix(text);
    return prefix && rangeOf(prefix);
  }
  const [first, end] = [readIpv4(from ?? ""), readIpv4(to)];
  return first === undefined || end === undefined || first > end ? undefined : { first, last: end };
}
