import type { ConnectionsToEnd } from "../model/connection.ts";
import type { ObjectOf } from "../model/kernel-object.ts";
import { type Step, subjectOf } from "../model/step.ts";
import { parseIpv4 } from "../net/ipv4.ts";
import { fromHex } from "../wire/hex.ts";
import { structs } from "./bpf/layouts.ts";
import { decode } from "./bpf/struct.ts";
import { sets } from "./names.ts";

/** A change of one of these may deny any connection: only a look at each tells. */
const judging = /^(section-.*|open|from-.*|nat-source)$/;
const judgingSets: ReadonlySet<string> = new Set([sets.underlayRouted, sets.underlaySnat]);

/** Which connections a change of the kernel takes the ground from; "unknown": each must be looked at. */
export function endedBy(steps: readonly Step[]): readonly ConnectionsToEnd[] | "unknown" {
  if (steps.some(judges)) return "unknown";
  return steps.flatMap(endedByOne);
}

function judges(step: Step): boolean {
  const object = subjectOf(step);
  if (object.kind === "nft-chain") return judging.test(object.name);
  return object.kind === "nft-table" || (object.kind === "nft-element" && judgingSets.has(object.set));
}

function endedByOne(step: Step): ConnectionsToEnd[] {
  if (step.do === "add") return [];
  const gone = step.do === "remove" ? step.object : step.from;
  if (gone.kind === "nft-element") return byElement(gone);
  if (gone.kind !== "bpf-entry" || gone.map !== "endpoints") return [];
  if (step.do === "change" && isSameNic(gone, step.to as ObjectOf<"bpf-entry">)) return [];
  return [{ by: "overlay-address", address: decode(structs.address, fromHex(gone.key)).address }];
}

function byElement({ set, key, value }: ObjectOf<"nft-element">): ConnectionsToEnd[] {
  const [, mark] = /^original \. (0x[0-9a-f]{8})$/.exec(key) ?? [];
  if (set === sets.natCounters && mark !== undefined) return [{ by: "mark", mark: Number(mark) }];
  if (set !== sets.elasticSnat || value === undefined) return [];
  return [{ by: "translation", source: parseIpv4(key), seenAs: parseIpv4(value) }];
}

/** A VM that moves to another tunnel endpoint takes its connections along; another VM with its address does not. */
function isSameNic(from: ObjectOf<"bpf-entry">, to: ObjectOf<"bpf-entry">): boolean {
  const [a, b] = [from, to].map(({ value }) => decode(structs.endpoint, fromHex(value)));
  return a?.mac === b?.mac && a?.vni === b?.vni;
}
