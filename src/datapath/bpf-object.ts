import type { ObjectOf } from "../model/kernel-object.ts";
import { encodeKey, encodeValue, type MapKey, type MapName, type MapValue } from "./bpf/layouts.ts";
import { type ProgramName, programs } from "./bpf/programs.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

export const bpfEntry = <M extends MapName>(map: M, key: MapKey<M>, value: MapValue<M>): ObjectOf<"bpf-entry"> => ({
  kind: "bpf-entry",
  map,
  key: hex(encodeKey(map, key)),
  value: hex(encodeValue(map, value)),
});

export const bpfProgram = (program: ProgramName, link: string): ObjectOf<"bpf-program"> => ({
  kind: "bpf-program",
  link,
  direction: programs[program].direction,
  place: programs[program].place,
  program,
});

/** The value of maps that are sets. */
export const PRESENT = { present: 1 } as const;
/** A member that speaks for others: MEMBER_RELAY in lib/budget.h. */
export const RELAY = { present: 2 } as const;
