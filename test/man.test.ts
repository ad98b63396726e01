import { expect, test } from "vitest";
import { nsxManagerHelp } from "../src/bin/nsx-manager/help.ts";
import { pcgUpgradeHelp } from "../src/bin/pcg-upgrade/help.ts";
import { pcgdHelp, pcgKernelHelp } from "../src/bin/pcgd/help.ts";
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
