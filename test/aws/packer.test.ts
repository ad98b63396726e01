import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { base, DEBIAN } from "./moto/amis.ts";
import { type Moto, REGION, startMoto } from "./moto/moto.ts";
import type { Element } from "./moto/xml.ts";
import { type Call, type Recorder, recordBefore } from "./recorder.ts";

const run = promisify(execFile);
const REPOSITORY = new URL("../../", import.meta.url).pathname;
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

let folder: string;
/** Fails with what packer printed. */
async function packer(args: readonly string[]): Promise<void> {
  const env = { PATH: process.env["PATH"], HOME: folder, PACKER_CONFIG_DIR: folder, CHECKPOINT_DISABLE: "1" };
  await run("packer", [...args], { cwd: folder, env }).catch((cause: Error & { stdout: string }) => {
    throw new Error(cause.stdout, { cause });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(`${tmpdir()}/pcg-packer-`);
  await run("bash", [`${REPOSITORY}packer/compat.sh`, `${folder}/templates`]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("templates", () => {
  test("are formatted as packer formats them", async () => {
    await packer(["fmt", "-check", `${REPOSITORY}packer`]);
  });

  test("are good for both sources, less what Packer 1.6.6 does not know", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    await writeFile(`${folder}/key`, privateKey.export({ type: "pkcs8", format: "pem" }));
    for (const name of ["upload.tar", "base.raw"]) await writeFile(`${folder}/${name}`, "");
    const variables = {
      ...{ root: REPOSITORY.slice(0, -1), upload: `${folder}/upload.tar`, ssh_key: `${folder}/key` },
      ...{ base_image: `${folder}/base.raw`, out: `${folder}/out` },
    };
    await packer(["validate", ...asArguments(variables), `${folder}/templates`]);
  });

  test.each(["packer/README.md", "appliance/AWS.md"])("know every variable of the commands in %s", async (document) => {
    const text = await readFile(`${REPOSITORY}${document}`, "utf8");
    const commands = [...text.matchAll(/packer build (-only=\S+(?: -var \S+)*) packer$/gm)].map(
      ([, args = ""]) => args,
    );
    expect(commands).not.toEqual([]);
    await writeFile(`${folder}/upload.tar`, "");
    const paths = asArguments({ root: REPOSITORY.slice(0, -1), upload: `${folder}/upload.tar` });
    for (const args of commands) await packer(["validate", ...paths, ...args.split(" "), `${folder}/templates`]);
  });

  test("are refused with what it does not know", async () => {
    await expect(packer(["validate", `${REPOSITORY}packer`])).rejects.toThrow(/Unsupported block type/);
  });
});

const asArguments = (variables: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(variables).flatMap(([name, value]) => ["-var", `${name}=${value}`]);

/** Our source, less what an emulation cannot do: nothing to log in to, nothing to provision, no filter by root device. */
async function writeVariant(endpoint: string): Promise<string> {
  const variant = `${folder}/variant`;
  await run("cp", ["-r", `${folder}/templates`, variant]);
  await rm(`${variant}/qemu.pkr.hcl`);
  await writeFile(`${variant}/build.pkr.hcl`, 'build {\n  sources = ["source.amazon-ebs.pcg"]\n}\n');
  const source = await readFile(`${variant}/aws.pkr.hcl`, "utf8");
  const added = `
    custom_endpoint_ec2        = "${endpoint}"
    access_key                 = "test"
    secret_key                 = "test"
    skip_credential_validation = true
    skip_metadata_api_check    = true
    communicator               = "none"
    aws_polling {
      delay_seconds = 1
    }
  `;
  const changed = source
    .replace(/^ *root-device-type .*\n/m, "")
    .replace('source "amazon-ebs" "pcg" {\n', (opening) => `${opening}${added}`);
  expect(changed.split("\n")).toHaveLength(source.split("\n").length + added.split("\n").length - 2);
  await writeFile(`${variant}/aws.pkr.hcl`, changed);
  return variant;
}

describe("the AMI's build, as far as moto goes", () => {
  let moto: Moto;
  let recorder: Recorder;

  beforeAll(async () => {
    moto = await startMoto();
    recorder = await recordBefore(moto.port);
    const variables = {
      ...{ version: "1.2.3", source_commit: COMMIT, aws_region: REGION, aws_kms_key_id: "alias/pcg" },
      ...{ aws_ssh_source_cidrs: '["192.0.2.0/24"]', aws_instance_type: "c6i.large" },
    };
    await packer(["build", ...asArguments(variables), await writeVariant(recorder.url)]);
  });
  afterAll(async () => {
    await recorder?.stop();
    await moto?.stop();
  });

  const called = (action: string): readonly Call["parameters"][] =>
    recorder.calls.filter((call) => call.action === action).map((call) => call.parameters);
  const ask = async (action: string, set: string, parameters = {}): Promise<readonly Element[]> =>
    (await moto.ask("ec2", action, parameters)).all(`${set}/item`);
  const registered = async () => (await ask("DescribeImages", "imagesSet", { "Owner.1": "self" })).at(0);

  test("asks for the newest Debian 12 for amd64 that is Debian's own", () => {
    expect(called("DescribeImages")).toContainEqual(expect.objectContaining({ "Owner.1": DEBIAN }));
    expect(called("RunInstances")).toEqual([
      expect.objectContaining({ ImageId: base.ami_id, InstanceType: "c6i.large" }),
    ]);
  });

  test("starts on an encrypted gp3 disk", () => {
    const [launched = {}] = called("RunInstances");
    expect(launched).toMatchObject({
      "BlockDeviceMapping.1.DeviceName": "/dev/xvda",
      "BlockDeviceMapping.1.Ebs.VolumeType": "gp3",
      "BlockDeviceMapping.1.Ebs.Iops": "3000",
      "BlockDeviceMapping.1.Ebs.Throughput": "125",
      "BlockDeviceMapping.1.Ebs.Encrypted": "true",
      "BlockDeviceMapping.1.Ebs.KmsKeyId": "alias/pcg",
      "BlockDeviceMapping.1.Ebs.DeleteOnTermination": "true",
    });
  });

  test("registers one image, named, encrypted and with ENA", async () => {
    const images = await ask("DescribeImages", "imagesSet", { "Owner.1": "self" });
    expect(images.map((image) => image.text("name"))).toEqual([expect.stringMatching(/^pcg-1\.2\.3-\d{14}$/)]);
    expect(called("CopyImage")).toEqual([expect.objectContaining({ Encrypted: "true", KmsKeyId: "alias/pcg" })]);
    expect(called("ModifyInstanceAttribute")).toContainEqual(expect.objectContaining({ "EnaSupport.Value": "true" }));
  });

  test("tags it with version, commit, base and date", async () => {
    const image = await registered();
    const tags = image?.all("tagSet/item").map((tag) => [tag.text("key"), tag.text("value")]) ?? [];
    expect(Object.fromEntries(tags)).toEqual({
      Name: "pcg 1.2.3",
      "pcg:version": "1.2.3",
      "pcg:source-commit": COMMIT,
      "pcg:base-ami": base.ami_id,
      "pcg:base-ami-name": base.name,
      "pcg:built-at": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
  });

  test("leaves nothing behind", async () => {
    const instances = await ask("DescribeInstances", "reservationSet");
    const states = instances.flatMap((one) => one.all("instancesSet/item/instanceState/name"));
    expect(states).toHaveLength(1);
    expect(instances[0]?.text("instancesSet/item/instanceState/name")).toBe("terminated");
    expect(await ask("DescribeKeyPairs", "keySet")).toEqual([]);
    const groups = await ask("DescribeSecurityGroups", "securityGroupInfo");
    expect(groups.map((group) => group.text("groupName"))).toEqual(["default"]);
    expect(await ask("DescribeVolumes", "volumeSet")).toEqual([]);
  });
});
