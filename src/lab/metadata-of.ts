import type { MetadataInstance, MetadataInterface } from "./metadata.ts";
import { addressesOf, type Eni, type GatewayUnit, macOf, subnetOf, type Topology } from "./topology.ts";

const REGION = "eu-central-1";
const ACCOUNT = "123456789012";

/** A gateway unit as an EC2 instance: 0 management, 1 uplink, 2 downlink. */
export function metadataOf(
  topology: Topology,
  unit: GatewayUnit,
  { userData, keys = {} }: { readonly userData: string; readonly keys?: MetadataInstance["keys"] },
): MetadataInstance {
  const enis = [unit.management, unit.uplink, unit.downlink];
  return {
    id: `i-0${hex(unit.name)}`,
    type: "c6in.large",
    image: "ami-0000000000000001a",
    account: ACCOUNT,
    region: REGION,
    zone: `${REGION}${unit.name}`,
    launchedAt: "2026-01-01T00:00:00Z",
    interfaces: enis.map((eni, deviceNumber) => interfaceOf(topology, eni, deviceNumber)),
    keys,
    userData,
  };
}

const interfaceOf = (topology: Topology, eni: Eni, deviceNumber: number): MetadataInterface => ({
  deviceNumber,
  id: `eni-0${hex(eni.address)}`,
  mac: macOf(eni),
  addresses: addressesOf(eni),
  subnet: subnetOf(topology, eni.subnet).prefix,
  subnetId: `subnet-0${hex(eni.subnet)}`,
  vpc: [topology.vpc],
  vpcId: `vpc-0${hex(topology.vpc)}`,
});

/** Sixteen digits, like those of AWS, and the same for the same. */
const hex = (text: string) => Buffer.from(text).toString("hex").slice(-16).padStart(16, "0");
