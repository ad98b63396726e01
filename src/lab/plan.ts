import { fabric } from "./fabric.ts";
import { gateway, type Wishing, wishFile } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import { machine, type Programs, webServer } from "./machine.ts";
import { manager } from "./manager.ts";
import type { Step } from "./step.ts";
import type { Topology } from "./topology.ts";

/** Steps that go one after another. */
export interface Sequence {
  readonly says: string;
  readonly steps: readonly Step[];
}

/** The whole laboratory: first what all the rest needs, one after another, then the rest, side by side. */
export function plan(
  topology: Topology,
  lab: LabPaths,
  programs: Programs,
  wishing: Wishing,
): { first: Sequence[]; on: Sequence[] } {
  const { units, machines, hosts } = topology;
  const hosting = ["inet", ...hosts.map(({ name }) => name)];
  return {
    first: [
      {
        says: "VPC, Internet gateway and cables",
        steps: [
          { kind: "directory", path: lab.processes },
          ...fabric(topology, lab),
          ...hosting.map((node) => webServer(lab, { node, calledItself: node }, programs)),
        ],
      },
      wishing === "manager"
        ? { says: "manager and controller, told what is wanted", steps: manager(topology, lab, programs) }
        : { says: "what is wanted, in a file", steps: [wishFile(topology, lab)] },
    ],
    on: [
      ...units.map((unit) => ({
        says: `gateway ${unit.name} (pcg-kernel, pcgd)`,
        steps: gateway({ topology, lab, programs, wishing }, unit),
      })),
      ...machines.map((vm) => ({
        says: `${vm.name} (Open vSwitch, DHCP client, web server)`,
        steps: machine(topology, lab, vm, programs),
      })),
    ],
  };
}

export const allSteps = ({ first, on }: ReturnType<typeof plan>): readonly Step[] =>
  [...first, ...on].flatMap(({ steps }) => steps);
