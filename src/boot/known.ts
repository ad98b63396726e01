import type { Metadata } from "../cloud/metadata.ts";
import type { UserData } from "./user-data.ts";

/** The cloud's facts by which a unit is configured; kept on disk, for a boot at which the cloud does not answer. */
export interface Known extends Omit<Metadata, "userData"> {
  readonly userData: UserData;
}

const FORMAT = 1;

export const writeKnown = (known: Known): string => `${JSON.stringify({ format: FORMAT, ...known }, undefined, 2)}\n`;

/** Undefined: nothing was kept, or by a version that keeps something else. */
export function readKnown(text: string | undefined): Known | undefined {
  try {
    const { format, ...known } = JSON.parse(text ?? "null") ?? {};
    return format === FORMAT ? (known as Known) : undefined;
  } catch {
    return undefined;
  }
}
