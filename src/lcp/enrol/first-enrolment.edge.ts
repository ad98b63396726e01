import { PcgError } from "../../base/error.ts";
import type { Credentials } from "../connect.edge.ts";
import { type EnrolWith, enrol } from "./client.edge.ts";
import { writeCredentials } from "./credentials.edge.ts";

export interface FirstEnrolment {
  /** Any will do; all are kept for renewing. */
  readonly managers: readonly string[];
  readonly pin: string;
  readonly proof: EnrolWith["proof"];
  /** Where to put what comes. */
  readonly folder: string;
}

/** Gets a node its first certificate, from the first manager that gives one. @throws ENROL_… of the last that was asked */
export async function enrolFirst({ managers, pin, proof, folder }: FirstEnrolment): Promise<Credentials> {
  const credentials = await firstOf(managers, (manager) => enrol({ manager, pin, proof }));
  writeCredentials(folder, credentials, { managers });
  return credentials;
}

/** Only one that cannot be reached is a reason to ask the next. */
async function firstOf<T>(managers: readonly string[], ask: (manager: string) => Promise<T>): Promise<T> {
  let last: unknown;
  for (const manager of managers) {
    try {
      return await ask(manager);
    } catch (error) {
      if (!(error instanceof PcgError && error.code === "ENROL_UNREACHABLE")) throw error;
      last = error;
    }
  }
  throw last;
}
