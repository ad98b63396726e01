import { constants } from "node:os";
import { type MapName, maps, structs } from "../datapath/bpf/layouts.ts";
import { layout } from "../datapath/bpf/struct.ts";
import { libbpf, must } from "./libbpf.edge.ts";

/** Key and value as the map holds them. */
export type Entry = readonly [key: Uint8Array, value: Uint8Array];

const { ENOENT } = constants.errno;

const sizesOf = (map: MapName) => ({
  key: layout(structs[maps[map].key]).size,
  value: layout(structs[maps[map].value]).size,
});

/** Everything in the map, at one go. */
export function readEntries(fd: number, map: MapName): Entry[] {
  const size = sizesOf(map);
  const most = maps[map].entries;
  const [keys, values] = [Buffer.allocUnsafe(size.key * most), Buffer.allocUnsafe(size.value * most)];
  const count = [most];
  const result = libbpf.mapLookupBatch(fd, null, Buffer.alloc(Math.max(8, size.key)), keys, values, count, null);
  if (result !== -ENOENT) must(result, `read map ${map}`);
  return Array.from({ length: count[0] ?? 0 }, (_, n) => [
    new Uint8Array(keys.subarray(n * size.key, (n + 1) * size.key)),
    new Uint8Array(values.subarray(n * size.value, (n + 1) * size.value)),
  ]);
}

/** Adds or replaces all of them in one call. */
export function writeEntries(fd: number, map: MapName, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const size = sizesOf(map);
  const [keys, values] = [Buffer.alloc(size.key * entries.length), Buffer.alloc(size.value * entries.length)];
  for (const [n, [key, value]] of entries.entries()) {
    keys.set(key, n * size.key);
    values.set(value, n * size.value);
  }
  must(libbpf.mapUpdateBatch(fd, keys, values, [entries.length], null), `update map ${map}`);
}

/** Removes the keys; one that is not there is no failure. An array's entry becomes all zero, as it cannot go. */
export function removeKeys(fd: number, map: MapName, keys: readonly Uint8Array[]): void {
  if (maps[map].type === "ARRAY") {
    const zero = new Uint8Array(sizesOf(map).value);
    const cleared = keys.map((key): Entry => [key, zero]);
    writeEntries(fd, map, cleared);
    return;
  }
  for (const key of keys) {
    const result = libbpf.mapDelete(fd, key);
    if (result !== -ENOENT) must(result, `remove from map ${map}`);
  }
}

/** One index of a counting map, summed over all CPUs. */
interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export function readCounters(fd: number, map: "drops" | "passes"): Count[] {
  const values = Buffer.alloc(must(libbpf.possibleCpus(), "count CPUs") * sizesOf(map).value);
  const key = Buffer.alloc(4);
  return Array.from({ length: maps[map].entries }, (_, index) => {
    key.writeUInt32LE(index);
    must(libbpf.mapLookup(fd, key, values), `read map ${map}`);
    let [packets, bytes] = [0n, 0n];
    for (let at = 0; at < values.length; at += 16) {
      packets += values.readBigUInt64LE(at);
      bytes += values.readBigUInt64LE(at + 8);
    }
    return { packets: Number(packets), bytes: Number(bytes) };
  });
}
