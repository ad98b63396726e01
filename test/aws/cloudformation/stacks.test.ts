import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base } from "../moto/amis.ts";
import { type Moto, startMoto } from "../moto/moto.ts";
import type { Element } from "../moto/xml.ts";
import { createStack, type Outputs } from "./create-stack.ts";

let moto: Moto;
let network: Outputs;
let iam: Outputs;
let gateway: Outputs;

beforeAll(async () => {
  moto = await startMoto();
  // moto does not know the zones of the region that it is in.
  network = await createStack(moto, "network", { Pair: "web", ZoneA: "eu-central-1a", ZoneB: "eu-central-1b" });
  iam = await createStack(moto, "iam", {
    ...{ Pair: "web", VpcId: network("VpcId"), CsmPrincipal: "210987654321", ExternalId: EXTERNAL_ID },
  });
  gateway = await createStack(moto, "gateway", {
    ...{ Unit: "pcg-a", Pair: "web", ImageId: base.ami_id, InstanceProfile: iam("InstanceProfile") },
    ...{ UplinkSubnet: network("UplinkSubnetA"), UplinkGroup: network("UplinkGroup"), UplinkAddress: "10.99.1.10" },
    ...{ DownlinkSubnet: network("DownlinkSubnetA"), TunnelGroup: network("TunnelGroup") },
    ...{ DownlinkAddress: "10.99.3.44", RoutedGroup: network("RoutedGroup") },
    ...{ ManagementSubnet: network("ManagementSubnetA"), ManagementGroup: network("ManagementGroup") },
    ...{ ManagementAddress: "10.99.2.10", ManagerPin: `sha256:${"a".repeat(64)}` },
    ...{ OverlayPrefix: "192.168.0.0/16", DownlinkRoutes: network("DownlinkRoutes") },
    // moto makes no instance of a launch template.
    Running: "no",
  });
});
afterAll(() => moto?.stop());

const EXTERNAL_ID = "of-32-characters-and-only-theirs";

async function describeBy(action: string, set: string, filter: string, value: string): Promise<readonly Element[]> {
  const answer = await moto.ask("ec2", action, { "Filter.1.Name": filter, "Filter.1.Value.1": value });
  return answer.all(`${set}/item`);
}

describe("network", () => {
  test("has three subnets in each of two zones", async () => {
    const subnets = await describeBy("DescribeSubnets", "subnetSet", "vpc-id", network("VpcId"));
    const table = subnets.map((one) => `${one.text("availabilityZone")} ${one.text("cidrBlock")}`);
    expect(table.toSorted()).toEqual([
      "eu-central-1a 10.99.1.0/24",
      "eu-central-1a 10.99.2.0/24",
      "eu-central-1a 10.99.3.0/24",
      "eu-central-1b 10.99.101.0/24",
      "eu-central-1b 10.99.102.0/24",
      "eu-central-1b 10.99.103.0/24",
    ]);
  });

  test.each([
    ["Uplink", [/^0\.0\.0\.0\/0 igw-/, /^10\.99\.0\.0\/16 local$/]],
    ["Downlink", [/^10\.99\.0\.0\/16 local$/, /^192\.168\.0\.0\/16 eni-/]],
    ["Management", [/^10\.99\.0\.0\/16 local$/]],
  ])("%sRoutes go where they should and nowhere else", async (role, routes) => {
    const filter = "tag:aws:cloudformation:logical-id";
    const tables = await describeBy("DescribeRouteTables", "routeTableSet", filter, `${role}Routes`);
    const has = tables.flatMap((table) => table.all("routeSet/item")).map(route);
    expect(has.toSorted()).toEqual(routes.map((one) => expect.stringMatching(one)));
  });

  test.each([
    ["UplinkGroup", ["-1 0.0.0.0/0"]],
    ["TunnelGroup", ["icmp 3-4 10.99.0.0/16", "tcp 5555 itself", "udp 3784 itself", "udp 6081 itself"]],
    ["RoutedGroup", ["-1 10.99.0.0/16"]],
    [
      "ManagementGroup",
      [
        ...["icmp 3-4 0.0.0.0/0", "tcp 22 10.99.0.0/16", "tcp 443 10.99.0.0/16"],
        ...["tcp 5555 10.99.0.0/16", "tcp 8080 10.99.0.0/16"],
      ],
    ],
  ])("%s lets in what it should and nothing else", async (name, rules) => {
    const id = network(name);
    const [group] = await describeBy("DescribeSecurityGroups", "securityGroupInfo", "group-id", id);
    const has = group?.all("ipPermissions/item").flatMap((one) => ingress(one, id)) ?? [];
    expect(has.toSorted()).toEqual(rules);
  });

  test("has an endpoint for EC2 in both management subnets", async () => {
    const endpoints = await describeBy("DescribeVpcEndpoints", "vpcEndpointSet", "vpc-id", network("VpcId"));
    expect(endpoints.map((one) => one.text("serviceName"))).toEqual(["com.amazonaws.eu-central-1.ec2"]);
    const subnets = endpoints.flatMap((one) => one.all("subnetIdSet/item"));
    expect(subnets).toHaveLength(2);
  });
});

const route = (one: Element): string =>
  `${one.text("destinationCidrBlock")} ${one.text("gatewayId") ?? one.text("networkInterfaceId")}`;

function ingress(rule: Element, itself: string): readonly string[] {
  const [protocol, from, to] = ["ipProtocol", "fromPort", "toPort"].map((name) => rule.text(name));
  const ports = protocol === "-1" ? "" : from === to ? ` ${from}` : ` ${from}-${to}`;
  const groups = rule.all("groups/item").map((one) => one.text("groupId"));
  const ranges = rule.all("ipRanges/item").map((one) => one.text("cidrIp"));
  return [...groups.map((id) => (id === itself ? "itself" : id)), ...ranges].map((who) => `${protocol}${ports} ${who}`);
}

describe("iam", () => {
  const policy = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? ""));
  const named = (arn: string) => arn.slice(arn.lastIndexOf("/") + 1);

  test("has a role for gateways that EC2 may take on, and a profile with it", async () => {
    const RoleName = named(iam("GatewayRole"));
    const role = await moto.ask("iam", "GetRole", { RoleName });
    expect(policy(role.text("GetRoleResult/Role/AssumeRolePolicyDocument")).Statement).toEqual([
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
    ]);
    const profile = await moto.ask("iam", "GetInstanceProfile", { InstanceProfileName: iam("InstanceProfile") });
    expect(profile.text("GetInstanceProfileResult/InstanceProfile/Roles/member/RoleName")).toBe(RoleName);
  });

  test("has a role for the Cloud Service Manager that asks for the external id", async () => {
    const RoleName = named(iam("CsmRole"));
    const role = await moto.ask("iam", "GetRole", { RoleName });
    expect(policy(role.text("GetRoleResult/Role/AssumeRolePolicyDocument")).Statement).toEqual([
      {
        ...{ Effect: "Allow", Principal: { AWS: "210987654321" }, Action: "sts:AssumeRole" },
        Condition: { StringEquals: { "sts:ExternalId": EXTERNAL_ID } },
      },
    ]);
    const inline = await moto.ask("iam", "ListRolePolicies", { RoleName });
    const names = inline.all("ListRolePoliciesResult/PolicyNames/member");
    expect(names).toHaveLength(2);
  });
});

describe("gateway", () => {
  test.each([
    ["Management", "10.99.2.10"],
    ["Downlink", "10.99.3.44"],
  ])("has its %s interface in that subnet with the address asked for", async (role, address) => {
    const id = gateway(`${role}Interface`);
    const [eni] = await describeBy("DescribeNetworkInterfaces", "networkInterfaceSet", "network-interface-id", id);
    expect(eni?.text("subnetId")).toBe(network(`${role}SubnetA`));
    expect(eni?.text("privateIpAddress")).toBe(address);
  });

  test("routes the overlay to its downlink", async () => {
    const id = network("DownlinkRoutes");
    const [table] = await describeBy("DescribeRouteTables", "routeTableSet", "route-table-id", id);
    expect(table?.all("routeSet/item").map(route)).toContain(`192.168.0.0/16 ${gateway("DownlinkInterface")}`);
  });

  test("has a launch template with management, uplink and downlink in that order, and IMDSv2 alone", async () => {
    const versions = await moto.ask("ec2", "DescribeLaunchTemplateVersions", {
      LaunchTemplateId: gateway("LaunchTemplate"),
    });
    const [data] = versions.all("launchTemplateVersionSet/item/launchTemplateData");
    expect(data?.texts()).toMatchObject({ imageId: base.ami_id, instanceType: "c6in.large" });
    const enis = data?.all("networkInterfaceSet/item") ?? [];
    expect(enis.map((eni) => [eni.text("deviceIndex"), eni.text("networkInterfaceId")])).toEqual([
      ["0", gateway("ManagementInterface")],
      ["1", gateway("UplinkInterface")],
      ["2", gateway("DownlinkInterface")],
    ]);
    const [metadata] = data?.all("metadataOptions") ?? [];
    expect(metadata?.texts()).toMatchObject({ httpTokens: "required", httpPutResponseHopLimit: "1" });
  });
});
