import { expect, test } from "vitest";
import { parse } from "yaml";
import { readUserData } from "../../../src/boot/read-user-data.ts";
import { resolve } from "./resolve.ts";
import { type Entries, entries } from "./template.ts";
import { templateFile } from "./template-file.ts";

/** What moto leaves out of its stacks, worked out from the templates themselves. */

const network = resolve(templateFile("network"), {});
const needed = {
  ...{ Unit: "pcg-a", Pair: "web", ImageId: "ami-1", InstanceProfile: "profile" },
  ...{ UplinkSubnet: "subnet-1", DownlinkSubnet: "subnet-2", ManagementSubnet: "subnet-3" },
  ...{ UplinkGroup: "sg-1", TunnelGroup: "sg-2", ManagementGroup: "sg-3" },
  ...{ UplinkAddress: "10.99.1.10", DownlinkAddress: "10.99.3.44", ManagementAddress: "10.99.2.10" },
  ManagerPin: `sha256:${"a".repeat(64)}`,
};
const gateway = (given: Readonly<Record<string, string>>) => resolve(templateFile("gateway"), { ...needed, ...given });
const launch = (given: Readonly<Record<string, string>>): Entries =>
  entries(gateway(given).get("LaunchTemplate")?.["LaunchTemplateData"]);

test.each(["Uplink", "Downlink", "Management"])("%s subnets have their routes in both zones", (role) => {
  for (const zone of ["A", "B"])
    expect(network.get(`${role}Routes${zone}`)).toEqual({
      RouteTableId: `${role}Routes`,
      SubnetId: `${role}Subnet${zone}`,
    });
});

test("management interfaces reach manager, controller and EC2, and nothing else", () => {
  const out = network.get("ManagementGroup")?.["SecurityGroupEgress"];
  expect(out).toEqual([
    { IpProtocol: "tcp", FromPort: 1235, ToPort: 1235, CidrIp: "10.99.250.0/24", Description: "controller" },
    { IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIp: "10.99.250.0/24", Description: "manager" },
    { IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIp: "10.99.0.0/16", Description: "endpoint of EC2" },
  ]);
});

test("only management checks source and destination", () => {
  const checks = ["Management", "Uplink", "Downlink"].map(
    (role) => gateway({}).get(`${role}Interface`)?.["SourceDestCheck"],
  );
  expect(checks).toEqual([true, false, false]);
});

test("uplink has the addresses given, and an Elastic IP on each that has one", () => {
  const all = gateway({
    ...{ SecondaryAddress1: "10.99.1.20", SecondaryAddress2: "10.99.1.21" },
    ...{ OwnElasticIp: "eipalloc-0", ElasticIp2: "eipalloc-2" },
  });
  expect(all.get("UplinkInterface")?.["PrivateIpAddresses"]).toEqual([
    { Primary: true, PrivateIpAddress: "10.99.1.10" },
    { Primary: false, PrivateIpAddress: "10.99.1.20" },
    { Primary: false, PrivateIpAddress: "10.99.1.21" },
  ]);
  const associated = [...all].filter(([name]) => name.includes("ElasticIp")).map(([, association]) => association);
  expect(associated).toEqual([
    { AllocationId: "eipalloc-0", NetworkInterfaceId: "UplinkInterface", PrivateIpAddress: "10.99.1.10" },
    { AllocationId: "eipalloc-2", NetworkInterfaceId: "UplinkInterface", PrivateIpAddress: "10.99.1.21" },
  ]);
});

test("downlink is in a second group if the VPC routes the overlay to it", () => {
  expect(gateway({}).get("DownlinkInterface")?.["GroupSet"]).toEqual(["sg-2"]);
  expect(gateway({ RoutedGroup: "sg-4" }).get("DownlinkInterface")?.["GroupSet"]).toEqual(["sg-2", "sg-4"]);
});

test("disk is encrypted, by the key given", () => {
  const disk = { DeviceName: "/dev/xvda", Ebs: expect.objectContaining({ Encrypted: true, VolumeType: "gp3" }) };
  expect(launch({})["BlockDeviceMappings"]).toEqual([disk]);
  const key = { ...disk, Ebs: expect.objectContaining({ KmsKeyId: "key" }) };
  expect(launch({ VolumeKmsKey: "key" })["BlockDeviceMappings"]).toEqual([key]);
});

test("machine goes and its interfaces stay when it is not to run", () => {
  const stopped = gateway({ Running: "no" });
  expect([...gateway({}).keys()].filter((name) => !stopped.has(name))).toEqual(["Machine"]);
});

test.each([
  ["a token", { Token: "good-once" }, { token: "good-once" }],
  ["its identity document", {}, { aws: true }],
])("user data names the managers, and %s as proof", (_, given, proof) => {
  const urls = "https://10.99.250.10,https://10.99.250.11";
  const text = Buffer.from(String(launch({ ManagerUrls: urls, ...given })["UserData"]), "base64").toString();
  expect(text).toMatch(/^#cloud-config\n/);
  const manager = { urls: urls.split(","), pin: needed.ManagerPin, ...proof };
  expect(parse(text)).toEqual({ pcg: { unit: "pcg-a", manager } });
});

test.each([
  ["nothing but what is needed", {}],
  ["a token", { Token: `join_${"A-_z".repeat(10)}abc` }],
  ["several managers", { ManagerUrls: "https://10.99.250.10,https://manager.example:8443" }],
])("pcg-boot takes the user data of a stack that is given %s", (_, given) => {
  const bytes = Buffer.from(String(launch(given)["UserData"]), "base64");
  expect(readUserData(bytes)).toMatchObject({ unit: "pcg-a", manager: { pin: needed.ManagerPin } });
});

test("user data is the document given, if one is", () => {
  expect(launch({ UserData: "cGNnOiB7fQ==" })["UserData"]).toBe("cGNnOiB7fQ==");
});
