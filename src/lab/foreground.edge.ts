import { setTimeout as sleep } from "node:timers/promises";
import type { LabPaths } from "./lab-paths.ts";
import { down, up, type Watcher } from "./laboratory.edge.ts";
import { isAlive, recorded } from "./processes.edge.ts";
import type { Setup } from "./setup.ts";
import { readStatus } from "./status.edge.ts";
import { pokeText, statusText } from "./status.ts";

/** Builds the laboratory and shows it. Gives the exit status: 0 when every proof holds. */
export async function bringUp(lab: LabPaths, setup: Setup, { detach }: { detach: boolean }): Promise<number> {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stopping.abort());
  const watcher = { say: sayer(), signal: stopping.signal };
  const proofs = await up(lab, setup, watcher);
  const status = await readStatus(lab);
  process.stdout.write(`\n${statusText(status)}\n${pokeText(status)}`);
  if (!detach) await stay(lab, watcher);
  return proofs.every(({ holds }) => holds) ? 0 : 1;
}

/** Each line with the seconds since the start. */
function sayer() {
  const begun = performance.now();
  return (line: string) => {
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    process.stdout.write(`${seconds.padStart(6)} s  ${line}\n`);
  };
}

/** Stays until told to stop, telling of processes that end; then takes everything down. */
async function stay(lab: LabPaths, { say, signal }: Watcher): Promise<void> {
  process.stdout.write("\nUp. Ctrl-C takes everything down.\n");
  const told = new Set<number>();
  while (!signal.aborted) {
    for (const entry of recorded(lab)) {
      if (isAlive(entry) || told.has(entry.pid)) continue;
      told.add(entry.pid);
      say(`${entry.daemon} (${entry.pid}) ended; see ${lab.log(entry.daemon)}`);
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
  say("taking everything down");
  await down(lab);
  say("gone");
}
