import { PcgError } from "../../base/error.ts";
import { print, printJson } from "../../base/terminal.edge.ts";
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
  /** Only root can test everything. */
  readonly isRoot: boolean;
}

/** Tests now, and prints what comes of it. @returns the exit code */
export async function showSelftest({ host, paths, json, isRoot }: Showing): Promise<number> {
  if (!isRoot) throw new PcgError("BOOT_NOT_ROOT", { hint: "sudo pcg-boot selftest" });
  const checks = await checkNow(host, stateOf(host, paths));
  if (json) printJson({ healthy: isHealthy(checks), checks });
  else print(selftestText(checks));
  return isHealthy(checks) ? 0 : 1;
}

/** With the self-test of this moment, or for whoever is not root the service's last one. */
export async function showDiagnosis({ host, paths, json, isRoot }: Showing): Promise<number> {
  const state = stateOf(host, paths);
  const now: BootState = isRoot ? { ...state, checks: await checkNow(host, state) } : state;
  if (json) printJson(now);
  else print(diagnosisText(now));
  return 0;
}

async function checkNow(host: Host, { interfaces, genevePort }: BootState): Promise<Check[]> {
  return selftest(host, { interfaces: testedOf(interfaces), nics: await host.nics(), genevePort: genevePort ?? 0 });
}

function stateOf(host: Host, { state }: BootPaths): BootState {
  const text = host.read(state);
  return text === undefined ? notRunning(thisVersion()) : (JSON.parse(text) as BootState);
}
