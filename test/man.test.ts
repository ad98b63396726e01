import { expect, test } from "vitest";
import { nsxManagerHelp } from "../src/bin/nsx-manager/help.ts";
import { pcgBootHelp } from "../src/bin/pcg-boot/help.ts";

import { pcgUpgradeHelp } from "../src/bin/pcg-upgrade/help.ts";

import { pcgdHelp, pcgKernelHelp } from "../src/bin/pcgd/help.ts";
import { UserDataDocument } from "../src/boot/user-data.ts";
import { DesiredState } from "../src/model/desired.ts";
import { commandPage, filePage } from "../src/model/man-page.ts";
import { referenceOf } from "../src/model/reference.ts";
import { UnitConfig } from "../src/model/unit.ts";

const pages = {
  "nsx-manager.8": commandPage({
    name: "nsx-manager",
    does: "management plane and controller of Public Cloud Gateways",
    help: nsxManagerHelp,
  }),
  "pcgd.8": commandPage({ name: "pcgd", does: "the Public Cloud Gateway's daemon", help: pcgdHelp }),
  "pcg-kernel.8": commandPage({ name: "pcg-kernel", does: "the gateway's door to the kernel", help: pcgKernelHelp }),
  "pcg-boot.8": commandPage({
    name: "pcg-boot",
    does: "from the cloud's metadata to a gateway that runs",
    help: pcgBootHelp,
  }),
  "pcg-user-data.5": filePage({
    name: "pcg-user-data",
    file: "user data of an EC2 instance",
    does: "what is said to a gateway when it is launched",
    intro:
      "A #cloud-config document (YAML, packed by gzip or not, 16 KiB at most), of which pcg-boot(8) reads the one key pcg. Unknown fields are refused, and a document with a flaw is refused whole: pcg-boot diagnosis says what is wrong. Changed user data counts at once for a gateway that runs. Whoever may read the instance's user data may read the token, which is good once.",
    rows: referenceOf(UserDataDocument),
  }),
  "pcg-upgrade.8": commandPage({
    name: "pcg-upgrade",
    does: "another version for the appliance, and the way back",
    help: pcgUpgradeHelp,
  }),
  "pcgd.yaml.5": filePage({
    name: "pcgd.yaml",
    file: "/etc/pcg/pcgd.yaml",
    does: "what one gateway unit is",
    intro: "Read by pcgd(8) and pcg-kernel(8) when they start. Unknown fields are refused.",
    rows: referenceOf(UnitConfig),
  }),
  "pcg-desired.5": filePage({
    name: "pcg-desired",
    file: "/etc/pcg/desired.yaml",
    does: "what is wanted of a gateway pair",
    intro:
      "Read by pcgd(8), and again when it changes. A file with a flaw is refused whole and the state before it stays; pcgd check FILE says what is wrong.",
    rows: referenceOf(DesiredState),
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
