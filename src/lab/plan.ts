import { fabric } from "./fabric.ts";
import { gateway, wishFile } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import { machine, type Programs, webServer } from "./machine.ts";
import type { Step } from "./step.ts";
import type { Topology } from "./topology.ts";

/** Steps that go one after another. */
export interface Sequence {
  readonly says: string;
  readonly steps: readonly Step[];
}

/** The whole laboratory: first the ground, then everything that stands on it, side by side. */
export function plan(topology: Topology, lab: LabPaths, programs: Programs): { ground: Sequence; on: Sequence[] } {
  const { units, machines, hosts } = topology;
  const hosting = ["inet", ...hosts.map(({ name }) => name)];
  return {
    ground: {
      says: "VPC, Internet gateway and cables",
      steps: [
        { kind: "directory", path: lab.processes },
        wishFile(topology, lab),
        ...fabric(topology, lab),
        ...hosting.map((node) => webServer(lab, { node, calledItself: node }, programs)),
      ],
    },
    on: [
      ...units.map((unit) => ({
        says: `gateway ${unit.name} (pcg-kernel, pcgd)`,
        steps: gateway(lab, unit, programs),
      })),
      ...machines.map((vm) => ({
        says: `${vm.name} (Open vSwitch, DHCP client, web server)`,
        steps: machine(topology, lab, vm, programs),
      })),
    ],
  };
}

export const allSteps = ({ ground, on }: ReturnType<typeof plan>): readonly Step[] =>
  [ground, ...on].flatMap(({ steps }) => steps);
