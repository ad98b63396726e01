import type { Check, SelftestFacts, Tested } from "./check.ts";
import { gatewayChecks } from "./gateway-checks.ts";
import type { Host } from "./host.ts";
import { interfaceChecks, routerOf } from "./interface-checks.ts";
import { machineChecks } from "./machine-checks.ts";
import type { Nic } from "./role.ts";

/** From the wire upwards: the first that fails is most likely why others do. */
const rows = [...interfaceChecks, ...machineChecks, ...gatewayChecks];

const judge = (facts: SelftestFacts): Check[] =>
  rows.map(({ name, isLocal, look }) => ({ name, isLocal, ...look(facts) }));

interface Subject {
  readonly interfaces: readonly Tested[];
  readonly nics: readonly Nic[];
  readonly genevePort: number;
}

/** Asks the machine and judges. */
export async function selftest(host: Pick<Host, "gateway" | "machine">, subject: Subject): Promise<Check[]> {
  const routers = subject.interfaces.map(routerOf);
  const [gateway, machine] = await Promise.all([host.gateway(), host.machine(routers)]);
  return judge({ ...subject, gateway, ...machine });
}
