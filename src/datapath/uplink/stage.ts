import type { KernelObject } from "../../model/kernel-object.ts";
import { parseIpv4, UNSPECIFIED } from "../../net/ipv4.ts";
import { bpfEntry, bpfProgram, PRESENT } from "../bpf-object.ts";
import type { Stage } from "../stage.ts";
import { uplinkSources } from "./sources.ts";

export const uplink: Stage = {
  name: "uplink",
  does: "turns the secondary address AWS delivers to into its Elastic IP, and back on the way out; nothing else may leave",
  objects: (want, unit) => [
    ...(want.elasticIps ?? []).flatMap(({ address, secondary }): KernelObject[] => {
      const own = secondary[unit.name];
      if (own === undefined) return [];
      const [elastic, carried] = [{ address: parseIpv4(address) }, { address: parseIpv4(own) }];
      return [bpfEntry("canonical_in", carried, elastic), bpfEntry("canonical_out", elastic, carried)];
    }),
    bpfEntry("uplink_own", { address: unit.uplink.address.address }, PRESENT),
    // The machine's own DHCP client, before the uplink has its address; forwarding takes no such source.
    bpfEntry("uplink_own", { address: UNSPECIFIED }, PRESENT),
    ...uplinkSources(want, unit),
    bpfProgram("uplink_ingress", unit.uplink.name),
    bpfProgram("uplink_egress", unit.uplink.name),
    ...(unit.flowCache ? [bpfProgram("uplink_learn", unit.uplink.name)] : []),
  ],
};
