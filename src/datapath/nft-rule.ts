import type { KeyField, ProtocolName } from "../model/nft/field.ts";
import type { Match, Part, Rule, Statement, Verdict } from "../model/nft/rule.ts";
import type { drops } from "./drops.ts";
import { dropCounter } from "./names.ts";

/** What {@link rule} is made of. Undefined is left out. */
export type RuleWord = Part | readonly Part[] | undefined;

/** Words of which stages build rules, so that one reads as nft would print it. */
export const rule = (...words: readonly RuleWord[]): Rule => words.flatMap((word) => word ?? []);

/** A match on one field of any of these values. */
const match =
  <V extends string | number>(field: Match["if"]) =>
  (...is: readonly V[]): Match =>
    ({ if: field, is: [...is] }) as Match;

export const iifname = match<string>("iifname");
export const oifname = match<string>("oifname");
export const ipSaddr = match<string>("ip saddr");
export const ipDaddr = match<string>("ip daddr");
export const l4proto = match<ProtocolName>("meta l4proto");
export const icmpType = match<number>("icmp type");
export const ctMark = match<number>("ct mark");

/** Ports of a protocol that has ports; `th` when an earlier match says which it is. */
export const port = (of: "th" | "tcp" | "udp", end: "sport" | "dport", ...is: readonly string[]): Match =>
  ({ if: `${of} ${end}`, is: [...is] }) as Match;

export const ctState = (...any: Extract<Match, { if: "ct state" }>["any"]): Match => ({ if: "ct state", any });
export const ctStatus = (...any: Extract<Match, { if: "ct status" }>["any"]): Match => ({ if: "ct status", any });

/** A SYN that is no reset: where both ends say how large their segments are. */
export const syn: Match = { if: "tcp flags", of: ["syn", "rst"], are: ["syn"] };
export const maxsegOver = (over: number): Match => ({ if: "tcp maxseg", over });

/** `ip saddr . ip daddr @set`. */
export const inSet = (set: string, ...key: KeyField[]): Match => ({ if: "in set", key, set });

export const accept: Verdict = { do: "accept" };
export const jump = (chain: string): Verdict => ({ do: "jump", chain });
export const goTo = (chain: string): Verdict => ({ do: "goto", chain });
export const count = (counter: string): Statement => ({ do: "count", counter });
/** Drops for a reason that is counted under its name. */
export const drop = (reason: keyof typeof drops): Statement[] => [count(dropCounter(reason)), { do: "drop" }];

export const byIifname = (to: readonly (readonly [string, Verdict])[]): Statement => ({
  do: "vmap",
  on: "iifname",
  to: to.map(([link, verdict]) => [link, verdict]),
});
type State = Extract<Match, { if: "ct state" }>["any"][number];
export const byCtState = (to: readonly (readonly [State, Verdict])[]): Statement => ({
  do: "vmap",
  on: "ct state",
  to: to.map(([state, verdict]) => [state, verdict]),
});

export const setCtMark = (to: number): Statement => ({ do: "set ct mark", to });
export const setCtMarkBy = (map: string, ...key: KeyField[]): Statement => ({ do: "set ct mark", key, map });
export const setMetaMark = (to: number): Statement => ({ do: "set meta mark", to });
export const setMaxseg = (to: number): Statement => ({ do: "set maxseg", to });
export const reject = (how: Extract<Statement, { do: "reject" }>["with"]): Statement => ({ do: "reject", with: how });

/** Lines a second, of all that one rule writes. */
const LOG_PER_SECOND = 100;
/** Ends its rule: what follows the limit would be limited too. */
export const log = (prefix: string): Statement => ({ do: "log", prefix, perSecond: LOG_PER_SECOND });
