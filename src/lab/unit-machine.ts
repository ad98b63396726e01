import type { GatewayPlan } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import { askManager } from "./manager.ts";
import { run, type Step } from "./step.ts";
import { allEnis, type GatewayUnit, macOf, type PluggedEni, VPC_MTU } from "./topology.ts";

/** Where a unit that is a virtual machine has its files. */
export function machineFiles(lab: LabPaths, { name }: GatewayUnit) {
  const root = lab.node(name);
  return {
    root,
    /** What it wrote; below it lies the image, which nothing changes. */
    disk: `${root}/disk.qcow2`,
    console: lab.log(`pcg-${name}`),
    /** The operator's key; the metadata service tells the public half. */
    key: `${root}/operator.key`,
    joinToken: `${root}/join.token`,
  };
}

/** The daemon that is the unit's power: ending it is a power cut. */
export const machineName = ({ name }: GatewayUnit): string => `pcg-${name}`;

/** A gateway unit as a virtual machine of an image, from an empty disk to the end of its self-test. */
export function unitMachine(plan: GatewayPlan & { readonly image: string }, unit: GatewayUnit): readonly Step[] {
  const { disk } = machineFiles(plan.lab, unit);
  return [
    run(undefined, "qemu-img", "create", "-q", "-f", "qcow2", "-b", plan.image, "-F", "qcow2", disk),
    power(plan, unit),
  ];
}

/** What only this unit knows, of which its metadata tells: made before the metadata service starts. */
export function unitSecrets({ topology, lab, programs, wishing }: GatewayPlan, unit: GatewayUnit): readonly Step[] {
  const { root, key, joinToken } = machineFiles(lab, unit);
  const join = askManager(topology, lab, programs, ["join", "gateway", machineName(unit)]);
  const token: Step = {
    ...join,
    kind: "run",
    argv: ["sh", "-ec", `umask 077; "$@" >"$0"`, joinToken, ...join.argv],
  };
  return [
    { kind: "directory", path: root, mode: "0700" },
    run(undefined, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", key),
    ...(wishing === "manager" ? [token] : []),
  ];
}

/** As an operator enters the unit, from within the VPC. Its host key is a new one with each disk. */
export const sshTo = (lab: LabPaths, unit: GatewayUnit) =>
  [
    ...(["ssh", "-q", "-i", machineFiles(lab, unit).key] as const),
    ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=10"],
    `admin@${unit.management.address}`,
  ] as const;

/** The last line of a boot that went well. */
const READY = "pcg-boot: ready";

function power({ topology, lab, programs }: GatewayPlan, unit: GatewayUnit): Step {
  const { disk, console } = machineFiles(lab, unit);
  const name = machineName(unit);
  const cables = allEnis(topology).filter(({ node }) => node === name);
  return {
    kind: "daemon",
    name,
    node: "vpc",
    namespace: lab.namespace("vpc"),
    log: console,
    says: READY,
    argv: [
      "bash",
      `${programs.checkout}/appliance/qemu.sh`,
      ...["-machine", "q35", "-m", "2048", "-display", "none", "-monitor", "none", "-serial", "stdio"],
      ...ec2Instance,
      ...["-drive", `file=${disk},if=virtio,format=qcow2,discard=unmap`, "-device", "virtio-rng-pci"],
      ...cables.flatMap(cable),
    ],
  };
}

/** By what a machine knows that it is one of EC2's. */
const ec2Instance = [
  ...["-smbios", "type=0,vendor=Amazon EC2,version=1.0"],
  ...["-smbios", "type=1,manufacturer=Amazon EC2,product=c6in.large,uuid=ec2e1916-9099-7caf-fd21-012345abcdef"],
];

/** An ENI's cable ends in the VPC as a tap, which is a port of its subnet's bridge. */
function cable({ port, eni }: PluggedEni, n: number): readonly string[] {
  return [
    ...["-netdev", `tap,id=n${n},ifname=${port},script=no,downscript=no`],
    ...["-device", `virtio-net-pci,netdev=n${n},mac=${macOf(eni)},host_mtu=${VPC_MTU},romfile=`],
  ];
}
