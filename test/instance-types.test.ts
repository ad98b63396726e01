import { expect, test } from "vitest";
import data from "../appliance/instance-types.json" with { type: "json" };

/** What the units' memory limits are made for: appliance/rootfs/etc/systemd/system/pcg.slice. */
const LEAST_GIB = 4;

const remark = ({ type, memoryGib }: (typeof data.types)[number]) => {
  if (memoryGib < LEAST_GIB) return "too little memory";
  return type.startsWith("t3.") ? "for trying out: CPU by credits" : "";
};

const table = () =>
  [
    "# Instances a gateway runs on",
    "",
    "A unit takes three interfaces: management, uplink, downlink. The uplink's own address is one of those an interface can",
    "have; each further one carries an Elastic IP. Bandwidth is what the instance has always, and for a while; each direction",
    "has its own. One flow has 5 Gbit/s at most, and all that passes the Internet gateway 5 Gbit/s below 32 vCPUs, half of",
    "the bandwidth from there on.",
    "",
    "| type | vCPU | memory GiB | interfaces | addresses per interface | Elastic IPs on the uplink | Gbit/s always | at most | |",
    "|---|---|---|---|---|---|---|---|---|",
    ...data.types.map((it) => {
      const { type, vcpus, memoryGib, interfaces, addressesPerInterface: per, baselineGbps, burstGbps } = it;
      const cells = [type, vcpus, memoryGib, interfaces, per, per - 1, baselineGbps, burstGbps, remark(it)];
      return `| ${cells.join(" | ")} |`;
    }),
    "",
    `The figures are ${data.source}. They were written down, not measured, and AWS may change them; see for yourself with`,
    "",
    "```",
    data.checkWith,
    "```",
    "",
  ].join("\n");

test("the sizing table is what the data says", async () => {
  await expect(table()).toMatchFileSnapshot("../appliance/INSTANCES.md");
});

test("every type listed has an interface for each role, and an address for an Elastic IP", () => {
  const unfit = data.types.filter((it) => it.interfaces < 3 || it.addressesPerInterface < 2);
  expect(unfit.map(({ type }) => type)).toEqual([]);
  expect(new Set(data.types.map(({ type }) => type)).size).toBe(data.types.length);
});
