import { stringify } from "yaml";
import { bridgeOf } from "./fabric.ts";
import type { GatewayPlan } from "./gateway.ts";
import type { LabPaths } from "./lab-paths.ts";
import { managerFiles, managerUrl } from "./manager.ts";
import type { MetadataFile } from "./metadata.ts";
import { metadataOf } from "./metadata-of.ts";
import { ipBatch, run, type Step } from "./step.ts";
import { allEnis, type GatewayUnit, macOf, RESOLVER, type Topology, VPC_MTU } from "./topology.ts";
import { machineFiles } from "./unit-machine.ts";
import { labWish, unitConfig } from "./wish.ts";

/** What a VPC serves to virtual machines that boot in it: their addresses by DHCP. */
export function vpcDhcp(topology: Topology, lab: LabPaths): Step {
  const subnets = topology.subnets.flatMap(({ name, prefix }) => [
    `--interface=${bridgeOf(name)}`,
    `--dhcp-range=${prefix.replace(/\/.*/, "")},static,1h`,
  ]);
  return {
    kind: "daemon",
    name: "vpc-dhcp",
    node: "vpc",
    namespace: lab.namespace("vpc"),
    log: lab.log("vpc-dhcp"),
    argv: [
      ...(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-interfaces"] as const),
      ...["--no-ping", "--leasefile-ro", "--pid-file=", "--user=root", "--log-facility=-", "--log-dhcp"],
      ...subnets,
      ...allEnis(topology).map(({ eni }) => `--dhcp-host=${macOf(eni)},${eni.address}`),
      ...[`--dhcp-option=option:mtu,${VPC_MTU}`, `--dhcp-option=option:dns-server,${RESOLVER}`],
    ],
  };
}

/** Where instances ask for their metadata: link-local, as with EC2. */
const METADATA = "169.254.169.254";

/** The metadata service, and what it tells each unit. Whoever changes `metadata.json` changes that. */
export function vpcMetadata(plan: GatewayPlan): readonly Step[] {
  const { topology, lab, programs } = plan;
  const vpc = lab.namespace("vpc");
  const instances = topology.units.map((unit) =>
    metadataOf(topology, unit, {
      userData: `#cloud-config\n${stringify({ pcg: userDataOf(plan, unit) })}`,
      keys: { operator: contentOf(`${machineFiles(lab, unit).key}.pub`) },
    }),
  );
  const file: MetadataFile = { instances };
  return [
    { kind: "file", path: lab.metadata, text: JSON.stringify(file, undefined, 2) },
    run(undefined, "sh", "-ec", fillIn, lab.metadata),
    ipBatch(vpc, [`addr add ${METADATA}/32 dev lo`]),
    {
      kind: "daemon",
      name: "vpc-metadata",
      node: "vpc",
      namespace: vpc,
      log: lab.log("vpc-metadata"),
      argv: [programs.node, programs.metadataHost, lab.metadata, METADATA],
    },
  ];
}

/** Stands for what is in a file, which is not there yet when the plan is made. */
const contentOf = (path: string) => `@${path}@`;

/** Puts the contents of files, a line each, in the places that name them. */
const fillIn = `for file in $(grep -o '@/[^@]*@' "$0" | tr -d @ | sort -u); do
  text=$(cat "$file")
  sed -i "s|@$file@|$text|g" "$0"
done`;

/** What whoever launches the unit says to it. */
function userDataOf({ topology, lab, wishing }: GatewayPlan, unit: GatewayUnit): object {
  const { controller, tep, interfaces, ...own } = unitConfig(topology, unit, wishing);
  const told = {
    manager: {
      urls: [managerUrl(topology)],
      pin: contentOf(managerFiles(lab, topology).pin),
      token: contentOf(machineFiles(lab, unit).joinToken),
    },
  };
  return { ...own, tep: { label: tep.label }, ...(wishing === "manager" ? told : { desired: labWish(topology) }) };
}
