import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../base/error.ts";
import { programs } from "../datapath/bpf/programs.ts";
import { OVERLAY, OVERLAY_IN } from "../datapath/names.ts";
import { type KernelKind, type KernelObject, type ObjectOf, rows } from "../model/kernel-object.ts";
import { baseChains, isBaseChain } from "../model/nft/base-chain.ts";
import type { Rule } from "../model/nft/rule.ts";
import { keyOf } from "../model/object-text.ts";
import type { Step } from "../model/step.ts";
import { ownedSysctls } from "../model/sysctl-table.ts";
import { linksOf, type OwnUnit } from "./own-unit.ts";
import { entryFlaw } from "./owned-entry.ts";
import { addressFlaw, neighbourFlaw, routeFlaw, ruleFlaw } from "./owned-route.ts";
import { elementFlaw, nftFlaw } from "./owned-rule.ts";

const validators = new Map(Object.entries(rows).map(([kind, schema]) => [kind, Compile(schema)]));
const Envelope = Compile(
  Type.Object({
    do: Type.Enum(["add", "change", "remove"]),
    object: Type.Optional(Type.Unknown()),
    from: Type.Optional(Type.Unknown()),
    to: Type.Optional(Type.Unknown()),
  }),
);

/**
 * Says what a step asks for that this gateway may not own: the door's own check, which trusts nobody. A step that
 * passes can touch only our table, our routing tables, our links and maps, and the settings in our list.
 */
export function ownershipOf(unit: OwnUnit): (step: unknown) => Step {
  const flaws = flawsFor(unit);
  const flawOf = <K extends KernelKind>(o: ObjectOf<K>, will: Will) => (flaws[o.kind as K] as Flaws[K])(o, will);

  const own = (value: unknown, will: Will = "stay"): KernelObject => {
    const kind = `${(value as { kind?: unknown } | undefined)?.kind}`.slice(0, 20);
    const validator = validators.get(kind);
    if (!validator?.Check(value)) throw new PcgError("KERNEL_NOT_OURS", { kind, why: "is not an object of that kind" });
    const object = value as KernelObject;
    const why = flawOf(object, will);
    if (why !== undefined) throw new PcgError("KERNEL_NOT_OURS", { kind, object: keyOf(object), why });
    return object;
  };

  return (step) => {
    if (!Envelope.Check(step)) throw new PcgError("KERNEL_NOT_OURS", { why: "is not a step" });
    if (step.do === "add") return { do: "add", object: own(step.object) };
    if (step.do === "remove") return { do: "remove", object: own(step.object, "gone") };
    const [from, to] = [own(step.from, "gone"), own(step.to)];
    if (keyOf(from) !== keyOf(to)) throw new PcgError("KERNEL_NOT_OURS", { from: keyOf(from), to: keyOf(to) });
    return { do: "change", from, to };
  };
}

/** Whether the object is to be in the kernel, or to leave it: a program of another version may only leave. */
type Will = "stay" | "gone";
/** For each kind of object, why one is not ours; undefined if it is. */
type Flaws = { readonly [K in KernelKind]: (o: ObjectOf<K>, will: Will) => string | undefined };

/** What was made by another version may leave, as long as it is on what is ours. */
const ifItStays = (will: Will, flaw: () => string | undefined) => (will === "gone" ? undefined : flaw());
const unless = (is: boolean, why: string) => (is ? undefined : why);

function flawsFor(unit: OwnUnit): Flaws {
  const links = linksOf(unit);
  const sysctls = new Map(ownedSysctls({ ...links, overlay: OVERLAY }).map((s) => [s.name, s]));
  const linkOf = { ...links, overlay: OVERLAY };
  const overlayOnly = (link: string) => unless(link === OVERLAY, `is not on ${OVERLAY}`);
  const rulesFlaw = (rules: readonly (string | Rule)[], will: Will) =>
    rules.map((r) => nftRuleFlaw(r, will, unit)).find((why) => why !== undefined);
  return {
    "veth-pair": (o) => unless(o.name === OVERLAY && o.peer === OVERLAY_IN, "is another link than the gateway's"),
    "gro-limit": ({ link }) => unless(link === links.uplink || link === links.downlink, "is another link's"),
    address: (o, will) => overlayOnly(o.link) ?? ifItStays(will, () => addressFlaw(o, unit)),
    neighbour: (o, will) => overlayOnly(o.link) ?? ifItStays(will, () => neighbourFlaw(o)),
    // Only one with our protocol number can be taken away.
    route: (o, will) => ifItStays(will, () => routeFlaw(o, unit)),
    rule: (o, will) => ifItStays(will, () => ruleFlaw(o, unit)),
    // Somebody else may have set it to anything: that only goes.
    sysctl: ({ name, value, restore }, will) => {
      const own = sysctls.get(name);
      if (!own) return "is no setting of the gateway";
      const known = will === "gone" || value === own.value || value === own.restore;
      return unless(known && restore === own.restore, `can be ${own.value} or ${own.restore}`);
    },
    "bpf-entry": (o) => entryFlaw(o, unit),
    "bpf-program": ({ link, direction, place, program }, will) =>
      unless(
        Object.entries(programs).some(
          ([name, p]) =>
            linkOf[p.on] === link &&
            p.direction === direction &&
            p.place === place &&
            (will === "gone" || name === program),
        ),
        "is not where that program goes",
      ),
    "nft-table": () => undefined,
    "nft-counter": () => undefined,
    "nft-base-chain": ({ name, rules }, will) =>
      unless(baseChains[name].rules || rules.length === 0 || will === "gone", "takes no rules") ??
      rulesFlaw(rules, will),
    // One that stands where a base chain of ours belongs may leave.
    "nft-chain": ({ name, rules }, will) =>
      unless(will === "gone" || !isBaseChain(name), "is the name of a base chain") ?? rulesFlaw(rules, will),
    "nft-element": ({ value }, will) =>
      value === undefined ? undefined : ifItStays(will, () => elementFlaw(value, unit)),
    "nft-set": () => undefined,
  };
}

/** A rule that stands as its tag was read from the kernel. */
function nftRuleFlaw(rule: string | Rule, will: Will, unit: OwnUnit): string | undefined {
  if (typeof rule === "string") return unless(will === "gone", "is only the name of a rule");
  return nftFlaw(rule, unit);
}
