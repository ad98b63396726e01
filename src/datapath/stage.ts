import type { DesiredState } from "../model/desired.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import type { Unit } from "../model/unit.ts";

/** One station on a packet's way. Pure: the same wish on the same unit always yields the same objects. */
export interface Stage {
  readonly name: string;
  /** One line for operators and for src/README.md. */
  readonly does: string;
  readonly objects: (want: DesiredState, unit: Unit) => readonly KernelObject[];
}
