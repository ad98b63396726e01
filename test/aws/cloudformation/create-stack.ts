import type { Moto } from "../moto/moto.ts";
import { templateFile } from "./template-file.ts";

/** What a stack says of itself when it stands. */
export type Outputs = (name: string) => string;

/**
 * Makes a stack of one of our templates. moto gets it as JSON, for it mistakes nested short forms of YAML; and with ports
 * in rules that are for all protocols, without which it fails.
 */
export async function createStack(
  moto: Moto,
  name: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Outputs> {
  const text = JSON.stringify(templateFile(name).sections);
  const numbered = Object.entries(parameters).flatMap(([key, value], i) => [
    [`Parameters.member.${i + 1}.ParameterKey`, key],
    [`Parameters.member.${i + 1}.ParameterValue`, value],
  ]);
  await moto.ask("cloudformation", "CreateStack", {
    StackName: name,
    TemplateBody: text.replaceAll('"IpProtocol":"-1"', '"IpProtocol":"-1","FromPort":-1,"ToPort":-1'),
    "Capabilities.member.1": "CAPABILITY_IAM",
    ...Object.fromEntries(numbered),
  });
  const answer = await moto.ask("cloudformation", "DescribeStacks", { StackName: name });
  const [stack] = answer.all("DescribeStacksResult/Stacks/member");
  const status = stack?.text("StackStatus");
  if (!stack || status !== "CREATE_COMPLETE") throw new Error(`${name}: ${status} ${stack?.text("StackStatusReason")}`);
  const outputs = new Map(stack.all("Outputs/member").map((one) => [one.text("OutputKey"), one.text("OutputValue")]));
  return (output) => {
    const value = outputs.get(output);
    if (value === undefined) throw new Error(`${name} has no output ${output}`);
    return value;
  };
}
