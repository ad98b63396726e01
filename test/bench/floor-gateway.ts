import { attach, fillArray, loadProgram } from "./bpf-program.ts";
import { inNetwork } from "./thread.ts";
import { links, type Topology } from "./topology.ts";
import type { Undo } from "./undo.ts";

/** A gateway that does nothing but send on: no lower cost can be had on this hook. */
export function configureFloor({ gateway }: Topology, undo: Undo): void {
  const object = loadProgram("floor", undo);
  const ports = { uplink: gateway.index(links.uplink), downlink: gateway.index(links.downlink) };
  for (const [name, ifindex] of Object.entries(ports)) {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(ifindex);
    fillArray(object.map(name), [value]);
  }
  inNetwork(gateway.file, () => {
    attach(ports.downlink, object.program("outwards"), undo);
    attach(ports.uplink, object.program("inwards"), undo);
  });
}
