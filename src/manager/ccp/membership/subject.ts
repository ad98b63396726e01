import type { Tag } from "../../policy/fields.ts";

/** What conditions may look at. */
export interface Appearance {
  readonly path: string;
  readonly name: string;
  readonly tags: readonly Tag[];
  readonly osName?: string;
  readonly image?: string;
}

/** An interface of a VM on a segment of a Tier-0, as groups see it. */
export interface Interface {
  readonly tier0: string;
  readonly addresses: readonly string[];
  readonly VirtualMachine: Appearance;
  readonly Segment: Appearance;
  readonly SegmentPort: Appearance;
}

/** A VM with interfaces. */
export interface Subject {
  readonly vm: string;
  readonly interfaces: readonly Interface[];
}

/** Of a VM: the groups it is in, and with which of its interfaces. */
export type Membership = ReadonlyMap<string, readonly number[]>;
