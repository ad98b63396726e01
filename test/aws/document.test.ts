import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseTemplate } from "./cloudformation/template.ts";
import { templateText } from "./cloudformation/template-file.ts";
import { commandsFor } from "./document.ts";
import { base } from "./moto/amis.ts";
import { type Moto, startMoto } from "./moto/moto.ts";

const TEMPLATES = ["network", "iam", "manager", "gateway"];
let moto: Moto;
let folder: string;

/** What moto mistakes is put otherwise for it: nested short forms, rules for all protocols without ports. */
function forMoto(name: string): string {
  const text = JSON.stringify(parseTemplate(templateText(name)).sections);
  return text.replaceAll('"IpProtocol":"-1"', '"IpProtocol":"-1","FromPort":-1,"ToPort":-1');
}

beforeAll(async () => {
  moto = await startMoto();
  folder = mkdtempSync(join(tmpdir(), "document-"));
  for (const name of ["appliance/cloudformation", "build/manager"]) mkdirSync(join(folder, name), { recursive: true });
  for (const name of TEMPLATES) writeFileSync(join(folder, `appliance/cloudformation/${name}.yaml`), forMoto(name));
  const package_ = join(folder, "build/manager/nsx-manager-0.1.0.tar.gz");
  writeFileSync(package_, "package");
  writeFileSync(`${package_}.sha256`, `${"a".repeat(64)}  nsx-manager-0.1.0.tar.gz\n`);
  // Packer's image, as its build leaves it (packer.test.ts).
  const launched = await moto.ask("ec2", "RunInstances", { ImageId: base.ami_id, MinCount: "1", MaxCount: "1" });
  const InstanceId = launched.text("instancesSet/item/instanceId") ?? "";
  const image = await moto.ask("ec2", "CreateImage", { InstanceId, Name: "pcg-0.1.0" });
  const tag = { "ResourceId.1": image.text("imageId") ?? "", "Tag.1.Key": "pcg:version", "Tag.1.Value": "0.1.0" };
  await moto.ask("ec2", "CreateTags", tag);
});
afterAll(async () => {
  await moto?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/**
 * AWS's own command line, for moto: which makes no machines of launch templates, and whose stacks of change sets, as
 * `deploy` makes them, say no outputs.
 */
const aws = () => `
moto() { command aws --endpoint-url http://127.0.0.1:${moto.port} "$@"; }
aws() {
  [ "$1 $2" = "cloudformation deploy" ] || { moto "$@"; return; }
  [ "$3 $5 $7 $8 $9" = "--stack-name --template-file --capabilities CAPABILITY_IAM --parameter-overrides" ]
  local name=$4 file=$6
  shift 9
  case "$file" in */gateway.yaml | */manager.yaml) set -- "$@" Running=no ;; esac
  python3 -c 'import json, sys
print(json.dumps([dict(zip(("ParameterKey", "ParameterValue"), one.split("=", 1))) for one in sys.argv[1:]]))' "$@" >parameters.json
  moto cloudformation create-stack --stack-name "$name" --template-body "file://$file" --capabilities CAPABILITY_IAM \\
    --parameters file://parameters.json
}
`;

test("every command of AWS.md for the workstation does what the next one needs, up to a gateway's stack", {
  timeout: 600_000,
}, async () => {
  const blocks = commandsFor("workstation");
  expect(blocks.length).toBeGreaterThan(6);
  const script = [aws(), ...blocks, "declare -p image debian vpc jump jump_address vm_eip zone"].join("\n");
  const env = {
    ...{ PATH: process.env["PATH"], HOME: folder, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const done = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { cwd: folder, env });
  const value = (name: string) => new RegExp(`${name}="(.*)"`).exec(done.stdout)?.[1];
  expect(value("debian")).toBe(base.ami_id);
  for (const [name, form] of Object.entries({
    ...{
      image: /^ami-/,
      vpc: /^vpc-/,
      jump: /^i-/,
      jump_address: /^[0-9.]+$/,
      vm_eip: /^eipalloc-/,
      zone: /\/hostedzone/,
    },
  }))
    expect([name, value(name)]).toEqual([name, expect.stringMatching(form)]);
  const answer = await moto.ask("cloudformation", "DescribeStacks", {});
  const stacks = answer.all("DescribeStacksResult/Stacks/member");
  expect(stacks.map((one) => `${one.text("StackName")} ${one.text("StackStatus")}`).toSorted()).toEqual([
    ...[
      "web-a CREATE_COMPLETE",
      "web-iam CREATE_COMPLETE",
      "web-manager CREATE_COMPLETE",
      "web-network CREATE_COMPLETE",
    ],
  ]);
});
