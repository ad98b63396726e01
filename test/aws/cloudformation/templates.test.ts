import { describe, expect, test } from "vitest";
import { check } from "./check.ts";
import { loadSpecification } from "./specification.ts";
import { parseTemplate } from "./template.ts";
import { templateFile, templateText } from "./template-file.ts";

const specification = await loadSpecification();

test.each(["network", "gateway", "iam", "manager"])("%s.yaml holds to AWS's resource specification", (name) => {
  const template = templateFile(name);
  expect(Object.keys(template.resources).length).toBeGreaterThan(2);
  expect(check(template, specification)).toEqual([]);
});

/** A mistake put into one of our templates, and what must be said of it. */
interface Planted {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly says: string | RegExp;
}

const planted: readonly Planted[] = [
  {
    ...{ what: "an unknown type", file: "network", from: "Type: AWS::EC2::RouteTable", to: "Type: AWS::EC2::Routes" },
    says: "Resources.UplinkRoutes: AWS::EC2::Routes is not a type of resources",
  },
  {
    ...{ what: "an unknown property", file: "gateway", from: "SourceDestCheck: false", to: "SourceDestChecks: false" },
    says: "Resources.UplinkInterface.Properties: there is no property SourceDestChecks",
  },
  {
    ...{ what: "an unknown property of a property", file: "gateway", from: "HttpTokens:", to: "HttpToken:" },
    says: "Resources.LaunchTemplate.Properties.LaunchTemplateData.MetadataOptions: there is no property HttpToken",
  },
  {
    ...{ what: "a text for a boolean", file: "gateway", from: "SourceDestCheck: false", to: 'SourceDestCheck: "off"' },
    says: 'Resources.UplinkInterface.Properties.SourceDestCheck: "off" is not of type boolean',
  },
  {
    ...{ what: "a text for a number", file: "network", from: "FromPort: 6081", to: "FromPort: geneve" },
    says: /SecurityGroupEgress\[0\]\.FromPort: "geneve" is not of type integer/,
  },
  {
    ...{
      what: "one for a list",
      file: "gateway",
      from: "GroupSet: [!Ref UplinkGroup]",
      to: "GroupSet: !Ref UplinkGroup",
    },
    says: "Resources.UplinkInterface.Properties.GroupSet: a value of type string where array is asked for",
  },
  {
    ...{ what: "a missing property", file: "network", from: "RouteTableId: !Ref UplinkRoutes\n", to: "\n" },
    says: "Resources.UplinkToInternet.Properties: RouteTableId is missing",
  },
  {
    ...{ what: "half a tag", file: "network", from: "[{ Key: Name, Value: !Ref Pair }]", to: "[{ Key: Name }]" },
    says: "Resources.Vpc.Properties.Tags[0]: Value is missing",
  },
  {
    ...{ what: "a value that is none of those", file: "network", from: "Type: Interface", to: "Type: Interfaces" },
    says: /Ec2InterfaceEndpoint\.Properties\.VpcEndpointType: "Interfaces" is none of .*Interface/,
  },
  {
    ...{ what: "a reference to nothing", file: "gateway", from: "!Ref UplinkInterface", to: "!Ref Uplink" },
    says: /: Uplink does not exist/,
  },
  {
    ...{ what: "nothing in a text", file: "gateway", from: "Unit} uplink", to: "Units} uplink" },
    says: "Resources.UplinkInterface.Properties.Description: Units does not exist",
  },
  {
    ...{
      what: "an unknown attribute",
      file: "network",
      from: "!GetAtt UplinkGroup.GroupId",
      to: "!GetAtt UplinkGroup.Arn",
    },
    says: "Outputs.UplinkGroup.Value: AWS::EC2::SecurityGroup has no attribute Arn",
  },
  {
    ...{ what: "an unknown function", file: "gateway", from: "Value: !Sub", to: "Value: !Subst" },
    says: "Resources.UplinkInterface.Properties.Tags[0].Value: Fn::Subst is not known",
  },
  {
    ...{ what: "an unused parameter", file: "network", from: "CidrIp: !Ref OperatorCidr", to: "CidrIp: 10.0.0.0/8" },
    says: "Parameters.OperatorCidr: is not used",
  },
  {
    ...{ what: "an unknown condition", file: "iam", from: "Condition: HasCsm", to: "Condition: HasCms" },
    says: "Resources.CsmRole.Condition: condition HasCms does not exist",
  },
  {
    ...{ what: "what may not exist", file: "iam", from: "    Condition: HasCsm\n    Value", to: "    Value" },
    says: "Outputs.CsmRole.Value: CsmRole exists only if HasCsm, unlike this",
  },
  {
    ...{
      what: "a circle",
      file: "network",
      from: "DependsOn: InternetGatewayAttachment",
      to: "DependsOn: UplinkToInternet",
    },
    says: "Resources.UplinkToInternet: waits for itself",
  },
  {
    ...{ what: "a default that is not allowed", file: "gateway", from: 'Default: "yes"', to: 'Default: "maybe"' },
    says: "Parameters.Running: the default is not among the values allowed",
  },
  {
    ...{ what: "an unknown section", file: "iam", from: "Outputs:", to: "Output:" },
    says: "template: Output is not known here",
  },
];

describe("check finds", () => {
  test.each(planted)("$what", ({ file, from, to, says }) => {
    const text = templateText(file);
    const spoilt = text.replaceAll(from, to);
    expect(spoilt).not.toBe(text);
    const faults = check(parseTemplate(spoilt), specification);
    expect(faults).toContainEqual(typeof says === "string" ? says : expect.stringMatching(says));
  });

  test("a key that is there twice", () => {
    expect(() => parseTemplate("Resources:\n  A: {}\n  A: {}\n")).toThrow(/unique/);
  });
});
