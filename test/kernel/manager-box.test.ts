import { afterAll, beforeAll, expect, test } from "vitest";
import { resolve } from "../aws/cloudformation/resolve.ts";
import { entries } from "../aws/cloudformation/template.ts";
import { templateFile } from "../aws/cloudformation/template-file.ts";
import { commandsFor } from "../aws/document.ts";
import { Box } from "./box.ts";
import { Namespace, quote, sh, until } from "./namespace.ts";

const PORT = 8000;
const undo: (() => unknown)[] = [];
let network: Namespace;
let box: Box;
/** The manager's volume. */
let device: string;
let name: string;
let sha256: string;

beforeAll(async () => {
  const made = sh("bash appliance/manager/package.sh").trim().split("\n").at(-1) ?? "";
  name = made.slice(made.lastIndexOf("/") + 1);
  sha256 = sh(`cut -c1-64 ${made}.sha256`).trim();
  network = Namespace.create("manager");
  undo.push(() => network.remove());
  const shelf = network.start("python3", [
    "-m",
    "http.server",
    "--bind",
    "127.0.0.1",
    "-d",
    "build/manager",
    `${PORT}`,
  ]);
  undo.push(() => shelf.stop());
  const folder = sh("mktemp -d").trim();
  undo.push(() => sh(`rm -r ${folder}`));
  sh(`truncate -s 64M ${folder}/volume`);
  device = sh(`losetup --find --show ${folder}/volume`).trim();
  undo.push(() => sh(`losetup -d ${device}`));
  box = new Box(network, {
    start: "box.target",
    config: {},
    units: { "box.target": "[Unit]\nWants=systemd-journald.service\n" },
  });
  undo.push(() => box.remove());
  await until("systemd is there", () => box.show("box.target", "ActiveState") === "active", 30_000);
  sh(`openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out ${folder}/aws.pem -subj /O=Amazon 2>&1`);
  box.run(`mkdir -p /root/launch; printf %s ${quote(sh(`cat ${folder}/aws.pem`))} >/root/launch/aws.pem`);
});
afterAll(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** What the machine of manager.yaml runs when it is launched, with this machine's device for the volume. */
function launchScript(): string {
  const given = {
    ...{ VpcId: "vpc-1", Zone: "eu-central-1a", ManagementGroup: "sg-1", S3PrefixList: "pl-1", ImageId: "ami-1" },
    ...{ PackageUrl: `http://127.0.0.1:${PORT}/${name}`, PackageSha256: sha256, Name: "manager.example" },
  };
  const template = resolve(templateFile("manager"), given).get("LaunchTemplate")?.["LaunchTemplateData"];
  const script = Buffer.from(String(entries(template)["UserData"]), "base64").toString();
  const changed = script.replace(/^device=.*$/m, `device=${device}`);
  expect(changed).not.toBe(script);
  expect(script).toContain('nvme-Amazon_Elastic_Block_Store_$(printf %s "State" | tr -d -)');
  return changed;
}

const launch = () => {
  return box.run(`cat >/root/launch/launch <<'END'\n${launchScript()}\nEND\nbash /root/launch/launch`);
};

test("the manager's machine installs the package at its launch, keeps its state on the volume, and does what AWS.md says", async () => {
  expect(launch()).toContain("is started");
  expect(box.run("findmnt -no SOURCE,FSTYPE /var/lib/nsx-manager")).toMatch(new RegExp(`^${device} +ext4\\n$`));
  const said = commandsFor("manager").map((block) => {
    try {
      return box.run(`cd /root/launch; ${block}`);
    } catch (error) {
      throw new Error(box.journal("nsx-manager"), { cause: error });
    }
  });
  const [first = "", ...others] = said;
  const pins = first.match(/sha256:[0-9a-f]{64}/g) ?? [];
  expect(new Set(pins).size).toBe(1);
  expect(pins).toHaveLength(2);
  expect(others.join("")).toContain('"privateIp": "10.99.2.10"');
  expect(others.join("")).toContain('"overlay_id": 9096');
  expect(box.show("nsx-manager", "User")).toBe("nsx-manager");
  expect(
    box.run(
      "openssl x509 -noout -ext subjectAltName -in <(openssl s_client -connect 127.0.0.1:443 </dev/null 2>/dev/null)",
    ),
  ).toMatch(/DNS:manager\.example.*IP Address:10\.99\.250\.10|IP Address:10\.99\.250\.10.*DNS:manager\.example/);
});

test("another version takes the place of the one that runs, with options and state as they were", async () => {
  const token = box.run("cat /var/lib/nsx-manager/admin.token /etc/nsx-manager/options");
  box.run("/var/tmp/nsx-manager/install.sh");
  expect(box.run("cat /var/lib/nsx-manager/admin.token /etc/nsx-manager/options")).toBe(token);
  await until("it answers with what it knew", () => box.run("nsx-manager get /infra/segments/web"), 30_000);
  expect(box.show("nsx-manager", "NRestarts")).toBe("0");
});

test("a package of another checksum is not installed, and options that systemd would read otherwise are refused", () => {
  sha256 = "0".repeat(64);
  expect(launchScript()).toContain(sha256);
  const check = `echo '${sha256}  /var/tmp/nsx-manager.tar.gz' | sha256sum -c >/dev/null 2>&1`;
  expect(launchScript()).toContain(`echo '${sha256}  /var/tmp/nsx-manager.tar.gz' | sha256sum -c`);
  expect(box.run(`${check} && echo taken || echo refused`)).toBe("refused\n");
  expect(box.run(`/var/tmp/nsx-manager/install.sh '--name a;$(x)' 2>&1 || true`)).toContain("must not have spaces");
});
