import type { Realized } from "../http/answers.ts";
import { readObject } from "../policy/read.ts";
import {
  type Enforcement,
  type Realization,
  type RealizationWorld,
  realizationOf,
} from "../realization/realization.ts";
import type { Documents } from "../state/documents.ts";

const publishStatus = {
  SUCCESS: "REALIZED",
  ERROR: "ERROR",
  IN_PROGRESS: "UNREALIZED",
  UNKNOWN: "UNKNOWN",
  UNINITIALIZED: "UNREALIZED",
} as const;

/**
 * How far gateways have come with an object, as the API asks for it.
 *
 * @throws when asked: MANAGER_NOT_FOUND
 */
export const realizedPort =
  (documents: () => Documents, world: RealizationWorld) =>
  async (path: string): Promise<Realized> => {
    readObject(documents(), path);
    return answerOf(path, realizationOf(path, world));
  };

const answerOf = (path: string, { state, enforcement }: Realization): Realized => ({
  intent_path: path,
  consolidated_status: { consolidated_status: state },
  publish_status: publishStatus[state],
  problems: problemsOf(enforcement),
  enforcement: enforcement.map(enforcementOf),
});

export const problemsOf = (enforcement: readonly Enforcement[]): Realized["problems"] =>
  enforcement.flatMap(({ gateway, problems }) => problems.map((problem) => ({ gateway, ...problem })));

export const enforcementOf = ({ gateway, connected, state, realized }: Enforcement) => ({
  gateway,
  connected,
  state,
  realized,
});
