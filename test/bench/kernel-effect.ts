import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeKey, encodeValue } from "../../src/datapath/bpf/layouts.ts";
import { libbpf, must } from "../../src/kernel/libbpf.edge.ts";
import { parseIpv4 } from "../../src/net/ipv4.ts";
import { parseMac } from "../../src/net/mac.ts";
import { type Entry, net } from "./entries.ts";
import type { BenchNamespace } from "./namespace.ts";
import { inNetwork } from "./thread.ts";

/** Whether forwarding is on: the last step of a first pass, taken only when all the rest was read back. */
export const forwards = ({ file }: BenchNamespace): boolean =>
  inNetwork(file, () => readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8").trim() === "1");

/** Looks into the gateway's own map from outside, as its program does: the membership is the last thing an entry gets. */
export function membershipProbe(bpffs: string): (entry: Entry) => boolean {
  const maps = readdirSync(bpffs).find((name) => name.startsWith("maps-")) ?? "";
  const fd = must(libbpf.objectGet(join(bpffs, maps, "members")), "open map members");
  const value = Buffer.from(encodeValue("members", { present: 1 }));
  return ({ mac, tep }) =>
    libbpf.mapLookup(fd, encodeKey("members", { vni: net.vni, tep: parseIpv4(tep), mac: parseMac(mac) }), value) === 0;
}

const DEADLINE_MS = 120_000;

/** Milliseconds from `start` until it is so. @throws when it is not in two minutes */
export async function untilEffect(what: string, isSo: () => boolean, start: number): Promise<number> {
  while (!isSo()) {
    if (performance.now() - start > DEADLINE_MS) throw new Error(`${what}: not in ${DEADLINE_MS / 1_000} s`);
    await sleep(1);
  }
  return performance.now() - start;
}
