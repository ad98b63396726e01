import { createHash } from "node:crypto";
import { markText } from "./field.ts";
import type { OwnPart, OwnRule, Verdict } from "./rule.ts";

/** A rule as nft takes it: one line, every word of it ours or checked. */
export const ruleText = (rule: OwnRule): string => rule.map(partText).join(" ");

/** What names a rule in the kernel (in its comment): a digest of its text, so that reading back compares the text. */
export function ruleTag(rule: OwnRule | string): string {
  if (typeof rule === "string") return rule;
  return `#${createHash("sha256").update(ruleText(rule)).digest("hex").slice(0, 12)}`;
}

/** A /32 is written as an address, as nft prints it. */
export const addressText = (prefix: string): string => prefix.replace(/\/32$/, "");

const partText = (part: OwnPart): string => ("if" in part ? matchText(part) : statementText(part));

type OwnMatch = Extract<OwnPart, { if: string }>;
type OwnStatement = Extract<OwnPart, { do: string }>;

function matchText(match: OwnMatch): string {
  switch (match.if) {
    case "no input interface":
      return "meta iif 0";
    case "fragment":
      return "ip frag-off & 0x3fff != 0";
    case "no reverse path":
      return "fib saddr . iif oif missing";
    case "tcp flags":
      return `tcp flags & (${match.of.join(" | ")}) == ${bits(match.are)}`;
    case "tcp maxseg":
      return `tcp option maxseg size > ${match.over}`;
    case "ct state":
    case "ct status":
      return `${match.if} ${match.any.join(",")}`;
    case "in set":
      return `${match.key.join(" . ")} ${"not" in match ? "!= " : ""}@${match.set}`;
    default:
      return `${match.if} ${"not" in match ? "!= " : ""}${setText(match.is.map((v) => valueText(match.if, v)))}`;
  }
}

const bits = (flags: readonly string[]) => (flags.length === 1 ? `${flags[0]}` : `(${flags.join(" | ")})`);

const setText = (values: readonly string[]) => (values.length === 1 ? `${values[0]}` : `{ ${values.join(", ")} }`);

function valueText(field: string, value: string | number): string {
  if (field === "iifname" || field === "oifname") return `"${value}"`;
  if (typeof value === "number") return field.endsWith("mark") ? markText(value) : `${value}`;
  return addressText(value);
}

function statementText(s: OwnStatement): string {
  switch (s.do) {
    case "accept":
    case "drop":
    case "return":
    case "jump":
    case "goto":
      return verdictText(s);
    case "notrack":
      return s.do;
    case "count":
      return `counter name "${s.counter}"`;
    case "vmap": {
      const rows = s.to.map(([value, verdict]) => `${valueText(s.on, value)} : ${verdictText(verdict)}`);
      return `${s.on} vmap { ${rows.join(", ")} }`;
    }
    case "snat":
    case "dnat":
      return translateText(s);
    case "set ct mark":
    case "set meta mark":
      return markStatementText(s);
    case "set maxseg":
      return `tcp option maxseg size set ${s.to}`;
    case "reject":
      return s.with === "tcp reset" ? "reject with tcp reset" : "reject with icmp type admin-prohibited";
    case "log":
      return `limit rate ${s.perSecond}/second log prefix "${s.prefix}"`;
    case "limit":
      return `limit rate ${s.over ? "over " : ""}${s.perSecond}/second${burstText(s.burst)}`;
    case "connections":
      return `add @${s.set} { ${s.key.join(" . ")} ct count over ${s.over} }`;
    case "rate":
      return `update @${s.set} { ${s.key.join(" . ")} limit rate over ${s.over}/second${burstText(s.burst)} }`;
  }
}

const verdictText = (v: Verdict): string => ("chain" in v ? `${v.do} ${v.chain}` : v.do);

const burstText = (burst: number | undefined) => (burst === undefined ? "" : ` burst ${burst} packets`);

function translateText(s: Extract<OwnStatement, { do: "snat" | "dnat" }>): string {
  if ("map" in s) return `${s.do}${s.ports ? " ip" : ""} to ${s.key.join(" . ")} map @${s.map}`;
  if ("from" in s) {
    const field = s.do === "snat" ? "ip saddr" : "ip daddr";
    return `${s.do} ip prefix to ${field} map { ${s.from} : ${s.into} }`;
  }
  return `${s.do} to ${s.to}${s.ports === undefined ? "" : `:${s.ports}`}`;
}

function markStatementText(s: Extract<OwnStatement, { do: "set ct mark" | "set meta mark" }>): string {
  const field = s.do.replace("set ", "");
  if ("map" in s) return `${field} set ${s.key.join(" . ")} map @${s.map}`;
  if ("hash" in s) return `${field} set jhash ${s.hash.join(" . ")} mod ${s.mod}`;
  return `${field} set ${markText(s.to)}`;
}
