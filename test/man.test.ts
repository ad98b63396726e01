import { expect, test } from "vitest";
import { readYaml } from "../src/base/read-yaml.ts";
import { nsxManagerHelp } from "../src/bin/nsx-manager/help.ts";
import { pcgBootHelp } from "../src/bin/pcg-boot/help.ts";
import { pcgUpgradeHelp } from "../src/bin/pcg-upgrade/help.ts";
import { pcgdHelp, pcgKernelHelp } from "../src/bin/pcgd/help.ts";
import { readUserData } from "../src/boot/read-user-data.ts";
import { UserDataDocument } from "../src/boot/user-data.ts";
import { checkWish } from "../src/dhcp/check-wish.ts";
import { checkUnitConfig } from "../src/model/check.ts";
import { DesiredState } from "../src/model/desired.ts";
import { commandPage, filePage } from "../src/model/man-page.ts";
import { referenceOf } from "../src/model/reference.ts";
import { UnitConfig } from "../src/model/unit.ts";
import { commandSections } from "./man/command-sections.ts";
import { desiredExamples, desiredSections } from "./man/desired-sections.ts";
import { unitExamples, unitSections, userDataExamples, userDataSections } from "./man/unit-sections.ts";

const pages = {
  "nsx-manager.8": commandPage({
    name: "nsx-manager",
    does: "management plane and controller of Public Cloud Gateways",
    help: nsxManagerHelp,
    sections: commandSections["nsx-manager"],
  }),
  "pcgd.8": commandPage({
    name: "pcgd",
    does: "the Public Cloud Gateway's daemon",
    help: pcgdHelp,
    sections: commandSections.pcgd,
  }),
  "pcg-kernel.8": commandPage({
    name: "pcg-kernel",
    does: "the gateway's door to the kernel",
    help: pcgKernelHelp,
    sections: commandSections["pcg-kernel"],
  }),
  "pcg-boot.8": commandPage({
    name: "pcg-boot",
    does: "from the cloud's metadata to a gateway that runs",
    help: pcgBootHelp,
    sections: commandSections["pcg-boot"],
  }),
  "pcg-user-data.5": filePage({
    name: "pcg-user-data",
    file: "user data of an EC2 instance",
    does: "what is said to a gateway when it is launched",
    intro:
      "A #cloud-config document (YAML, packed by gzip or not, 16 KiB at most), of which pcg-boot(8) reads the one key pcg. Unknown fields are refused, and a document with a flaw is refused whole: pcg-boot diagnosis says what is wrong. Changed user data counts at once for a gateway that runs. Whoever may read the instance's user data may read the token, which is good once.",
    rows: referenceOf(UserDataDocument),
    sections: userDataSections,
  }),
  "pcg-upgrade.8": commandPage({
    name: "pcg-upgrade",
    does: "another version for the appliance, and the way back",
    help: pcgUpgradeHelp,
    sections: commandSections["pcg-upgrade"],
  }),
  "pcgd.yaml.5": filePage({
    name: "pcgd.yaml",
    file: "/etc/pcg/pcgd.yaml",
    does: "what one gateway unit is",
    intro: "Read by pcgd(8) and pcg-kernel(8) when they start. Unknown fields are refused.",
    rows: referenceOf(UnitConfig),
    sections: unitSections,
  }),
  "pcg-desired.5": filePage({
    name: "pcg-desired",
    file: "/etc/pcg/desired.yaml",
    does: "what is wanted of a gateway pair",
    intro:
      "Read by pcgd(8), and again when it changes. A file with a flaw is refused whole and the state before it stays; pcgd check FILE says what is wrong.",
    rows: referenceOf(DesiredState),
    sections: desiredSections,
  }),
};

test.each(Object.entries(pages))("the man page %s says what schema and help say", async (name, text) => {
  await expect(text).toMatchFileSnapshot(`../appliance/man/${name}`);
});

test("referenceOf lists every field with its form and a sentence", () => {
  const rows = [...referenceOf(DesiredState), ...referenceOf(UnitConfig)];
  expect(rows.filter((r) => r.field.startsWith("segments")).map((r) => `${r.field} (${r.form})`)).toEqual([
    "segments (list)",
    "segments[].id (string)",
    "segments[].name (string)",
    "segments[].vni (integer 1..16777215)",
    "segments[].gateway (ipv4-interface)",
    "segments[].dnsName (string)",
    "segments[].mtu (integer 576..8943)",
  ]);
});

const document = (yaml: string): unknown => {
  const read = readYaml(yaml);
  if ("why" in read) throw new SyntaxError(read.why);
  return read.value;
};

test.each(Object.entries(desiredExamples))("pcg-desired's example %s is good for pcgd check", (_, yaml) => {
  expect(checkWish(document(yaml))).toEqual({ ok: true, value: document(yaml) });
});

test.each(Object.entries(unitExamples))("pcgd.yaml's example %s is good for pcgd check", (_, yaml) => {
  expect(checkUnitConfig(document(yaml))).toEqual({ ok: true, value: document(yaml) });
});

test.each(Object.entries(userDataExamples))("user data's example %s is good for pcg-boot", (_, yaml) => {
  expect({ pcg: readUserData(Buffer.from(yaml)) }).toEqual(document(yaml));
});

test("a port that YAML reads as a number is refused, as the page says", () => {
  const number = desiredExamples.published.replace('destinationPorts: "443"', "destinationPorts: 443");
  expect(checkWish(document(number))).toMatchObject({
    ok: false,
    flaws: [{ field: "firewall[0].rules[0].services[0].destinationPorts", value: 443 }],
  });
});

const helps: Readonly<Record<keyof typeof commandSections, string>> = {
  pcgd: pcgdHelp,
  "pcg-kernel": pcgKernelHelp,
  "pcg-boot": pcgBootHelp,
  "pcg-upgrade": pcgUpgradeHelp,
  "nsx-manager": nsxManagerHelp,
};

test.each(Object.entries(helps))("the examples of %s say what its help says, --version among it", (program, help) => {
  const parts = commandSections[program as keyof typeof helps].flatMap((section) => section.parts);
  const lines = parts.flatMap((part) => (typeof part === "string" ? [] : part.verbatim.split("\n")));
  const words = lines
    .flatMap((line) => line.split(new RegExp(`(?:^| )${program} `)).slice(1))
    .flatMap((call) => [...call.matchAll(/^[a-z]+|--[a-z-]+/g)].map(([word]) => word));
  expect(words).toContain("--version");
  expect(words.filter((word) => !new RegExp(`(?:^|\\s|\\[)${word}\\b`, "m").test(help))).toEqual([]);
});
