import { expect, test } from "vitest";
import { kernelObjects } from "../src/datapath/pipeline.ts";
import { nftScript } from "../src/kernel/nft-script.ts";
import { textOf } from "../src/model/object-text.ts";
import { everyKind } from "./kernel/every-kind.ts";
import { aUnit, ownUnit } from "./unit-fixture.ts";

test("a wish with every kind of rule is this nftables script", async () => {
  const nft = kernelObjects(everyKind, aUnit).filter((o) => o.kind.startsWith("nft-"));
  const script = nftScript(
    nft.map((object) => ({ do: "add", object })),
    ownUnit,
  );
  await expect(script.replaceAll(/ comment "#[0-9a-f]{12}"/g, "")).toMatchFileSnapshot("golden/every-kind.nft");
});

test("the agents' port is open on the downlink where agents are served, and nowhere else", () => {
  const input = (agentsPort: number | undefined) => {
    const object = kernelObjects(everyKind, aUnit).find((o) => o.kind === "nft-base-chain" && o.name === "input");
    return object ? nftScript([{ do: "add", object }], { ...ownUnit, agentsPort }) : "";
  };
  expect(input(5_555)).toContain('iifname "downlink0" tcp dport 5555 ');
  expect(input(undefined)).not.toContain("tcp dport");
});

test("a wish with every kind of object is these objects outside nftables", async () => {
  const rest = kernelObjects(everyKind, aUnit).filter((o) => !o.kind.startsWith("nft-"));
  await expect(`${rest.map(textOf).join("\n")}\n`).toMatchFileSnapshot("golden/every-kind.objects.txt");
});
