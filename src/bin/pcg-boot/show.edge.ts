import type { BootPaths } from "../../boot/boot-paths.ts";
import { type Check, isHealthy } from "../../boot/check.ts";
import type { Host } from "../../boot/host.ts";
import { selftest } from "../../boot/selftest.ts";
import { type BootState, notRunning, testedOf } from "../../boot/state.ts";
import { diagnosisText, selftestText } from "../../boot/text.ts";
import { thisVersion } from "./version.edge.ts";

interface Showing {
  readonly host: Host;
  readonly paths: BootPaths;
  readonly json: boolean;
}

/** Tests now, and prints what comes of it. @returns the exit code */
export async function showSelftest({ host, paths, json }: Showing): Promise<number> {
  const checks = await checkNow(host, stateOf(host, paths));
  print(json ? { healthy: isHealthy(checks), checks } : selftestText(checks));
  return isHealthy(checks) ? 0 : 1;
}

export async function showDiagnosis({ host, paths, json }: Showing): Promise<number> {
  const state = stateOf(host, paths);
  const now: BootState = { ...state, checks: await checkNow(host, state) };
  print(json ? now : diagnosisText(now));
  return 0;
}

async function checkNow(host: Host, { interfaces, genevePort }: BootState): Promise<Check[]> {
  return selftest(host, { interfaces: testedOf(interfaces), nics: await host.nics(), genevePort: genevePort ?? 0 });
}

function stateOf(host: Host, { state }: BootPaths): BootState {
  const text = host.read(state);
  return text === undefined ? notRunning(thisVersion()) : (JSON.parse(text) as BootState);
}

const print = (what: string | object) =>
  process.stdout.write(`${typeof what === "string" ? what : JSON.stringify(what, undefined, 2)}\n`);
