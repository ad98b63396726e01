import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../base/error.ts";
import { maps, structs } from "../datapath/bpf/layouts.ts";
import { programs } from "../datapath/bpf/programs.ts";
import { layout } from "../datapath/bpf/struct.ts";
import { OVERLAY, OVERLAY_IN } from "../datapath/names.ts";
import { type KernelKind, type KernelObject, type ObjectOf, rows } from "../model/kernel-object.ts";
import { baseChains, isBaseChain } from "../model/nft/base-chain.ts";
import type { Rule } from "../model/nft/rule.ts";
import { keyOf } from "../model/object-text.ts";
import type { Step } from "../model/step.ts";
import { ownedSysctls } from "../model/sysctl-table.ts";
import { linksOf, type OwnUnit } from "./own-unit.ts";
import { elementFlaw, ruleFlaw } from "./owned-rule.ts";

const validators = new Map(Object.entries(rows).map(([kind, schema]) => [kind, Compile(schema)]));
const Envelope = Compile(
  Type.Object({
    do: Type.Enum(["add", "change", "remove"]),
    object: Type.Optional(Type.Unknown()),
    from: Type.Optional(Type.Unknown()),
    to: Type.Optional(Type.Unknown()),
  }),
);

/** Maps only pcg-kernel itself writes. */
const readOnlyMaps = new Set([
  ...["devices", "next_hops", "control_budget", "sender_budgets", "fragment_budgets", "datagrams", "drops", "passes"],
  ...["flows", "flow_generation", "flow_counters"],
]);

/**
 * Says what a step asks for that this gateway may not own: the door's own check, which trusts nobody. A step that
 * passes can touch only our table, our routing tables, our links and maps, and the settings in our list.
 */
export function ownershipOf(unit: OwnUnit): (step: unknown) => Step {
  const ours = ownedBy(unit);
  const isOurs = <K extends KernelKind>(o: ObjectOf<K>, will: Will) => (ours[o.kind as K] as Ours[K])(o, will);

  const own = (value: unknown, will: Will = "stay"): KernelObject => {
    const kind = String((value as { kind?: unknown } | undefined)?.kind);
    const validator = validators.get(kind);
    if (!validator?.Check(value)) throw new PcgError("KERNEL_NOT_OURS", { kind, why: "is not an object of that kind" });
    const object = value as KernelObject;
    if (!isOurs(object, will)) throw new PcgError("KERNEL_NOT_OURS", { kind, object: keyOf(object) });
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
type Ours = { readonly [K in KernelKind]: (o: ObjectOf<K>, will: Will) => boolean };

/** For each kind of object, which are ours. */
function ownedBy(unit: OwnUnit): Ours {
  const links = linksOf(unit);
  const sysctls = new Map(ownedSysctls({ ...links, overlay: OVERLAY }).map((s) => [s.name, s]));
  const passing = new Set([OVERLAY, links.uplink, links.downlink]);
  const routed = new Set([...passing, links.management]);
  const linkOf = { ...links, overlay: OVERLAY };
  return {
    "veth-pair": (o) => o.name === OVERLAY && o.peer === OVERLAY_IN,
    "gro-limit": (o) => o.link === links.uplink || o.link === links.downlink,
    address: (o) => o.link === OVERLAY,
    neighbour: (o) => o.link === OVERLAY,
    route: (o) => routed.has(o.link),
    rule: (o) => o.link === undefined || passing.has(o.link),
    // Somebody else may have set it to anything: that only goes.
    sysctl: ({ name, value, restore }, will) => {
      const own = sysctls.get(name);
      if (own === undefined || restore !== own.restore) return false;
      return will === "gone" || value === own.value || value === own.restore;
    },
    "bpf-entry": fits,
    "bpf-program": ({ link, direction, place, program }, will) =>
      Object.entries(programs).some(
        ([name, p]) =>
          linkOf[p.on] === link &&
          p.direction === direction &&
          p.place === place &&
          (will === "gone" || name === program),
      ),
    "nft-table": () => true,
    "nft-counter": () => true,
    "nft-base-chain": ({ name, rules }, will) =>
      (baseChains[name].rules || rules.length === 0 || will === "gone") && rules.every((r) => isOurRule(r, will)),
    // One that stands where a base chain of ours belongs may leave.
    "nft-chain": ({ name, rules }, will) =>
      (will === "gone" || !isBaseChain(name)) && rules.every((r) => isOurRule(r, will)),
    "nft-element": ({ value }, will) =>
      value === undefined || will === "gone" || elementFlaw(value, unit) === undefined,
    "nft-set": () => true,
  };

  /** A rule that stands as its tag was read from the kernel. */
  function isOurRule(rule: string | Rule, will: Will): boolean {
    if (typeof rule === "string") return will === "gone";
    return ruleFlaw(rule, unit) === undefined;
  }
}

/** Whether the map is one that holds wishes and the bytes are its sizes. */
function fits({ map, key, value }: ObjectOf<"bpf-entry">): boolean {
  const row = Object.entries(maps).find(([name]) => name === map)?.[1];
  if (!row || readOnlyMaps.has(map)) return false;
  return key.length === 2 * layout(structs[row.key]).size && value.length === 2 * layout(structs[row.value]).size;
}
