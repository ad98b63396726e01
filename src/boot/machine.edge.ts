import { createSocket } from "node:dgram";
import { existsSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../base/error.ts";
import { readText, remove, writeWhole } from "./files.edge.ts";
import type { MachineFacts } from "./host.ts";
import { isClockSynchronised } from "./kernel-clock.edge.ts";
import { neededModules } from "./needed-modules.ts";
import { modulesIn, neighboursIn, udpSocketsIn } from "./proc.ts";

/** The port of "discard" (RFC 863): whoever answers is not meant, only how he is reached. */
const DISCARD = 9;
const ARP_MS = 1_000;
const ARP_LOOK_MS = 50;

/** @param folder where what must outlive a power cut is written */
export async function readMachine(routers: readonly string[], folder: string): Promise<MachineFacts> {
  return {
    neighbours: await neighbours(routers),
    missingModules: missingModules(),
    hasBtf: existsSync("/sys/kernel/btf/vmlinux"),
    forwards: readText("/proc/sys/net/ipv4/ip_forward")?.trim() === "1",
    udpSockets: udpSocketsIn(readText("/proc/net/udp") ?? ""),
    disk: tryDisk(folder),
    isClockSynchronised: isClockSynchronised(),
  };
}

/** The kernel asks by ARP for whomever it has something to send to; one that has gone silent is asked again. */
async function neighbours(routers: readonly string[]): Promise<string[]> {
  await Promise.all(routers.map(knock));
  const known = () => neighboursIn(readText("/proc/net/arp") ?? "");
  for (let waited = 0; waited < ARP_MS && routers.some((router) => !known().includes(router)); waited += ARP_LOOK_MS)
    await sleep(ARP_LOOK_MS);
  return known();
}

/** What cannot be sent is seen by the answer that does not come. */
const knock = (address: string) =>
  new Promise<void>((resolve) => {
    const socket = createSocket("udp4");
    const done = () => {
      socket.removeAllListeners().close();
      resolve();
    };
    socket.on("error", done);
    socket.send(Buffer.alloc(1), DISCARD, address, done);
  });

/** Of a module that is built in only the kernel's own list tells. A kernel that came without that has no modules. */
function missingModules(): string[] {
  const builtIn = readText(`/lib/modules/${release()}/modules.builtin`);
  if (builtIn === undefined) return [];
  const there = new Set([...modulesIn(readText("/proc/modules") ?? ""), ...modulesIn(builtIn)]);
  return neededModules.filter((name) => !there.has(name));
}

function tryDisk(folder: string): MachineFacts["disk"] {
  const path = `${folder}/probe`;
  try {
    writeWhole({ path, text: "pcg-boot tries whether this disk takes writes\n" });
    remove(path);
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, bytes: blocks * bsize };
  } catch (error) {
    return messageOf(error);
  }
}
