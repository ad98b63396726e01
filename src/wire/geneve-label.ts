import type { GeneveOption, KnownOption } from "./geneve.ts";
import { struct, uint } from "./struct.ts";

/**
 * Data of the critical option that NSX endpoints put on every packet. Its real layout is not public; ours is eight
 * bits sent as zero and left alone on receipt, then the 24-bit label of the sending tunnel endpoint.
 */
const data = struct({ _unknown: uint(8), label: uint(24) });

/** Which option carries the label: by default VMware's class and its type 0x80. */
export interface LabelOption {
  readonly optionClass: number;
  readonly type: number;
}

export const VMWARE_LABEL: LabelOption = { optionClass: 0x0104, type: 0x80 };

export const labelOption = (at: LabelOption, label: number): GeneveOption => ({ ...at, data: data.encode({ label }) });

export const knownLabel = (at: LabelOption): KnownOption => ({ ...at, length: data.size });

/** The label a packet carries, if it does. */
export function labelOf(at: LabelOption, options: readonly GeneveOption[]): number | undefined {
  const found = options.find((o) => o.optionClass === at.optionClass && o.type === at.type);
  return found && data.decode(found.data).label;
}
