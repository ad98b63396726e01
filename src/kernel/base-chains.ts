import type { drops } from "../datapath/drops.ts";
import { dropCounter, OVERLAY, sets } from "../datapath/names.ts";
import type { BaseChainName } from "../model/nft/base-chain.ts";
import type { OwnRule, Part } from "../model/nft/rule.ts";
import { formatPrefix } from "../net/prefix.ts";
import { networksOf, type OwnUnit } from "./own-unit.ts";

/**
 * What the privileged side itself puts at the beginning of each base chain. A guard ends the chain for all that rules of
 * others must never meet: loopback, the management interface, the unit's own addresses, 169.254.0.0/16 and what the
 * machine sends. Of the chains that take no rules of others, this is the whole.
 */
export const ownRules = (name: BaseChainName, unit: OwnUnit): readonly OwnRule[] => rulesOf[name](unit);

const rulesOf: Record<BaseChainName, (unit: OwnUnit) => readonly OwnRule[]> = {
  "before-defrag": arriving,
  "before-tracking": arriving,
  "before-translation": arriving,
  "nat-prerouting": arriving,
  forward: passing,
  "nat-postrouting": leaving,
  last: leaving,
  "untracked-in": ({ downlink, genevePort }) => [[ifIs("iifname", downlink.name), dport("udp", genevePort), untracked]],
  "untracked-out": ({ downlink, genevePort }) => [
    [ifIs("oifname", downlink.name), dport("udp", genevePort), untracked],
  ],
  input,
};

const accept = { do: "accept" } as const;
const untracked = { do: "notrack" } as const;
const drop = (reason: keyof typeof drops): Part[] => [{ do: "count", counter: dropCounter(reason) }, { do: "drop" }];
const ifIs = (end: "iifname" | "oifname", ...is: string[]): Part => ({ if: end, is });
const ifNot = (end: "iifname" | "oifname", ...is: string[]): Part => ({ if: end, is, not: true });
const dport = (of: "tcp" | "udp", port: number): Part => ({ if: `${of} dport`, is: [`${port}`] });
const echo: Part = { if: "icmp type", is: [8] };
const LINK_LOCAL = "169.254.0.0/16";

const passable = ({ uplink, downlink }: OwnUnit) => [OVERLAY, uplink.name, downlink.name];

/** Prerouting: only what may be forwarded goes on. Broadcast is for the machine too. */
function arriving(unit: OwnUnit): OwnRule[] {
  return [
    [ifNot("iifname", ...passable(unit)), accept],
    [{ if: "fib daddr type", is: ["unicast"], not: true }, accept],
    [{ if: "ip daddr", is: [LINK_LOCAL] }, accept],
    [{ if: "ip saddr", is: [LINK_LOCAL] }, accept],
  ];
}

/**
 * Forwarding has nothing to do with management or 169.254.0.0/16, where the cloud's metadata is, whatever address a
 * packet was sent to before translation. Answers may go to hosts that share management's subnet and came in elsewhere.
 */
function passing({ management }: OwnUnit): OwnRule[] {
  return [
    [ifIs("iifname", management.name), ...drop("MANAGEMENT")],
    [ifIs("oifname", management.name), ...drop("MANAGEMENT")],
    [{ if: "ip daddr", is: [LINK_LOCAL] }, ...drop("LINK_LOCAL")],
    ...networksOf(management).map(
      (network): OwnRule => [
        { if: "ct state", any: ["new", "invalid", "untracked"] },
        { if: "ip daddr", is: [formatPrefix(network)] },
        ...drop("MANAGEMENT"),
      ],
    ),
  ];
}

/**
 * Postrouting: what the machine sends has no input interface (ip_output() gives the hook skb->dev, which is null for
 * what a socket sent). What is forwarded to management never comes here.
 */
function leaving({ management }: OwnUnit): OwnRule[] {
  return [
    [{ if: "no input interface" }, accept],
    [ifIs("oifname", management.name, "lo"), accept],
  ];
}

/** What the gateway itself answers: ping on its addresses, tunnel control, agents; on management, what the machine allows. */
function input({ uplink, downlink, genevePort, agentsPort }: OwnUnit): OwnRule[] {
  const outside = ifIs("iifname", uplink.name, downlink.name);
  return [
    [ifIs("iifname", OVERLAY), { if: "in set", key: ["ip daddr"], set: sets.gateways }, echo, accept],
    [ifIs("iifname", OVERLAY), ...drop("TO_GATEWAY")],
    [ifIs("iifname", downlink.name), dport("udp", genevePort), accept],
    ...(agentsPort === undefined ? [] : [[ifIs("iifname", downlink.name), dport("tcp", agentsPort), accept]]),
    [outside, { if: "ct state", any: ["established", "related"] }, accept],
    [outside, echo, accept],
    [outside, ...drop("TO_GATEWAY")],
  ];
}
