import { PcgError } from "../base/error.ts";
import type { Metadata } from "../cloud/metadata.ts";
import type { BootPaths } from "./boot-paths.ts";
import { type Known, writeKnown } from "./known.ts";
import { type Problem, problemOf } from "./problem.ts";
import { readUserData } from "./read-user-data.ts";
import { type Assigned, assignRoles, type Nic, roles } from "./role.ts";
import { type BootFile, keysFile, networkFiles, unitFiles } from "./unit-files.ts";
import type { EnrolAccess, UserData } from "./user-data.ts";

/** What the metadata service said last, or why it did not. */
export type Reading =
  | { readonly ok: true; readonly metadata: Metadata }
  | { readonly ok: false; readonly problem: Problem };

/** All that a plan follows from. */
export interface BootWorld {
  readonly reading: Reading;
  readonly known: Known | undefined;
  readonly nics: readonly Nic[];
}

/** What must be so on this machine. */
export interface BootPlan {
  /** By whose word. */
  readonly source: "metadata" | "last" | "nothing";
  readonly instance: Pick<Metadata, "instanceId" | "instanceType" | "zone"> | undefined;
  /** The instance this disk was another one's of, whose secrets and configuration must be out of the way first. */
  readonly putAway: string | undefined;
  readonly assigned: readonly Assigned[];
  /** Of the network and for operators; good for mending what is wrong, too. */
  readonly files: readonly BootFile[];
  /** Undefined: stay closed. */
  readonly unit: UnitPlan | undefined;
  readonly problems: readonly Problem[];
}

interface UnitPlan {
  readonly name: string;
  /** Where its tunnel endpoint listens. */
  readonly genevePort: number;
  readonly files: readonly BootFile[];
  /** Who gives this unit its certificate, if it has none. */
  readonly manager: EnrolAccess | undefined;
}

const GENEVE_PORT = 6081;

/** A pure function: the same world, the same plan. */
export function planBoot({ reading, known, nics }: BootWorld, paths: BootPaths): BootPlan {
  return reading.ok ? byMetadata(reading.metadata, known, nics, paths) : byLast(reading.problem, known, nics, paths);
}

function byMetadata(metadata: Metadata, last: Known | undefined, nics: readonly Nic[], paths: BootPaths): BootPlan {
  const { userData: bytes, ...facts } = metadata;
  const { assigned, problems } = assignRoles(metadata.interfaces, nics);
  const said = userDataIn(bytes);
  const isAnother = last !== undefined && last.instanceId !== metadata.instanceId;
  const isGood = problems.length === 0 && "userData" in said;
  const now: Known | undefined = isGood ? { ...facts, userData: said.userData } : undefined;
  return {
    source: "metadata",
    instance: metadata,
    putAway: isAnother ? last.instanceId : undefined,
    assigned,
    files: [...networkFiles(assigned, paths), keysFile(metadata.keys, paths)],
    // What was good and is not any more is no reason to stop a gateway that works.
    unit: now ? unitPlan(now, assigned, paths) : isAnother ? undefined : lastUnit(last, nics, paths),
    problems: [...problems, ...("problem" in said ? [said.problem] : [])],
  };
}

function userDataIn(bytes: Uint8Array | undefined): { readonly userData: UserData } | { readonly problem: Problem } {
  try {
    return { userData: readUserData(bytes) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

const OTHER_MACHINE = problemOf(new PcgError("BOOT_OTHER_MACHINE"));

/** The cloud is silent: this machine is known by its interfaces' MACs, which no other has. */
function byLast(problem: Problem, last: Known | undefined, nics: readonly Nic[], paths: BootPaths): BootPlan {
  const unit = lastUnit(last, nics, paths);
  const nothing = { source: "nothing", instance: undefined, putAway: undefined, assigned: [], files: [] } as const;
  if (!last) return { ...nothing, unit, problems: [problem] };
  if (!unit) return { ...nothing, unit, problems: [problem, OTHER_MACHINE] };
  const { assigned } = assignRoles(last.interfaces, nics);
  const files = [...networkFiles(assigned, paths), keysFile(last.keys, paths)];
  return { source: "last", instance: last, putAway: undefined, assigned, files, unit, problems: [problem] };
}

function lastUnit(last: Known | undefined, nics: readonly Nic[], paths: BootPaths): UnitPlan | undefined {
  const { assigned = [] } = last ? assignRoles(last.interfaces, nics) : {};
  return last && assigned.length === roles.length ? unitPlan(last, assigned, paths) : undefined;
}

const unitPlan = (known: Known, assigned: readonly Assigned[], paths: BootPaths): UnitPlan => ({
  name: known.userData.unit,
  genevePort: known.userData.geneve?.port ?? GENEVE_PORT,
  manager: known.userData.manager && { ...known.userData.manager, unit: known.userData.unit },
  // Last, when all it speaks of is there.
  files: [
    ...unitFiles(known.userData, assigned, paths),
    { path: paths.known, text: writeKnown(known), isSecret: true },
  ],
});
