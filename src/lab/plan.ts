import { fabric } from "./fabric.ts";
import { type GatewayPlan, gateway, wishFile } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import { machine, type Programs, webServer } from "./machine.ts";
import { manager } from "./manager.ts";
import type { Setup } from "./setup.ts";
import type { Step } from "./step.ts";
import type { Topology } from "./topology.ts";
import { machineName, unitMachine, unitSecrets } from "./unit-machine.ts";
import { vpcDhcp, vpcMetadata } from "./vpc-services.ts";

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
  setup: Setup,
): { first: Sequence[]; on: Sequence[] } {
  const { machines, hosts } = topology;
  const hosting = ["inet", ...hosts.map(({ name }) => name)];
  return {
    first: [
      {
        says: "VPC, Internet gateway and cables",
        steps: [
          { kind: "directory", path: lab.processes },
          ...fabric(topology, lab, setup),
          ...hosting.map((node) => webServer(lab, { node, calledItself: node }, programs)),
        ],
      },
      setup.wishing === "manager"
        ? { says: "manager and controller, told what is wanted", steps: manager(topology, lab, programs) }
        : { says: "what is wanted, in a file", steps: [wishFile(topology, lab)] },
      ...cloud({ topology, lab, programs, ...setup }),
    ],
    on: [
      ...gateways({ topology, lab, programs, ...setup }),
      ...machines.map((vm) => ({
        says: `${vm.name} (Open vSwitch, DHCP client, web server)`,
        steps: machine(topology, lab, vm, programs),
      })),
    ],
  };
}

/** What only virtual machines ask a VPC for. */
function cloud({ image, ...all }: GatewayPlan): Sequence[] {
  if (image === undefined) return [];
  const secrets = all.topology.units.flatMap((unit) => unitSecrets(all, unit));
  return [
    { says: "DHCP and metadata of the VPC", steps: [...secrets, vpcDhcp(all.topology, all.lab), ...vpcMetadata(all)] },
  ];
}

function gateways({ image, ...all }: GatewayPlan): Sequence[] {
  return all.topology.units.map((unit) =>
    image === undefined
      ? { says: `gateway ${unit.name} (pcg-kernel, pcgd)`, steps: gateway(all, unit) }
      : {
          says: `gateway ${unit.name}, booted from ${image}: ${machineName(unit)}`,
          steps: unitMachine({ ...all, image }, unit),
        },
  );
}

export const allSteps = ({ first, on }: ReturnType<typeof plan>): readonly Step[] =>
  [...first, ...on].flatMap(({ steps }) => steps);
