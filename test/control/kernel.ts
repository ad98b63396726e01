import { systemClock } from "../../src/base/system-clock.edge.ts";
import { DoorClient } from "../../src/kernel/door-client.edge.ts";
import { keyOf } from "../../src/model/object-text.ts";
import { gateway, LAB } from "../e2e/nodes.ts";
import { until } from "../kernel/namespace.ts";

export const kernelSocket = `/run/pcg-${LAB}/a/kernel.sock`;

/** What the gateway's kernel has, as the tools for it list it, without what counts. */
export const ruleset = (): string => gateway.run("nft -s list ruleset; ip -4 rule; ip -4 route show table all");

/** The same line by line, with the keys of eBPF maps as pcg-kernel reads them; sorted, as nftables lists by age. */
export async function kernel(): Promise<string> {
  const door = new DoorClient(kernelSocket, systemClock);
  try {
    const objects = await until("pcg-kernel reads the kernel", () => door.read());
    return [...ruleset().split("\n"), ...objects.map(keyOf)].toSorted().join("\n");
  } finally {
    door.close();
  }
}
