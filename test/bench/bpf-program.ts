import { mkdirSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { compile, OBJECT_DIR } from "../../src/datapath/bpf/build.edge.ts";
import { attachFd } from "../../src/kernel/bpf-tc.edge.ts";
import { hasTcx, newLink } from "../../src/kernel/bpf-tcx.edge.ts";
import { closeFd, libbpf, must, mustPoint, type Pointer } from "../../src/kernel/libbpf.edge.ts";
import type { Undo } from "./undo.ts";

const lib = koffi.load("libbpf.so.1");
const mapFd = lib.func("int bpf_map__fd(const void *map)") as (map: Pointer) => number;
const mapReuse = lib.func("int bpf_map__reuse_fd(void *map, int fd)") as (map: Pointer, fd: number) => number;
const programFd = lib.func("int bpf_program__fd(const void *program)") as (program: Pointer) => number;

const sources = join(import.meta.dirname, "bpf");
const built = join(import.meta.dirname, "../../build/bench");

/**
 * Compiles one of the bench's own eBPF programs and loads it; it stays as long as something holds it.
 * @param shared maps of the same names that another has already
 */
export function loadProgram(name: string, undo: Undo, shared: Readonly<Record<string, number>> = {}) {
  mkdirSync(built, { recursive: true });
  const file = join(built, `${name}.bpf.o`);
  const flaw = compile(join(sources, `${name}.bpf.c`), file, OBJECT_DIR);
  if (flaw !== undefined) throw new Error(flaw);
  const object = mustPoint(libbpf.objectOpen(file, null), `open ${name}`);
  undo.add(() => libbpf.objectClose(object));
  const pointer = (map: string) => mustPoint(libbpf.findMap(object, map), `map ${map}`);
  for (const [map, fd] of Object.entries(shared)) must(mapReuse(pointer(map), fd), `share map ${map}`);
  must(libbpf.objectLoad(object), `load ${name}`);
  return {
    map: (map: string) => mapFd(pointer(map)),
    program: (program: string) => programFd(mustPoint(libbpf.findProgram(object, program), `program ${program}`)),
  };
}

/** Runs a program on what comes in at an interface, in the way that costs least. */
export function attach(ifindex: number, program: number, undo: Undo): void {
  if (hasTcx()) {
    const link = newLink(ifindex, "ingress", program, 0);
    undo.add(() => void closeFd(link));
  } else attachFd(ifindex, "ingress", program);
}

/** Fills an array from its first entry on. */
export function fillArray(fd: number, values: readonly Uint8Array[]): void {
  const keys = Buffer.alloc(values.length * 4);
  for (const n of values.keys()) keys.writeUInt32LE(n, n * 4);
  must(libbpf.mapUpdateBatch(fd, keys, Buffer.concat(values), [values.length], null), "fill an array");
}

/** The one counter of a per-CPU array, summed. */
export function readCounter(fd: number): number {
  const values = new BigUint64Array(must(libbpf.possibleCpus(), "count CPUs"));
  must(libbpf.mapLookup(fd, Buffer.alloc(4), new Uint8Array(values.buffer)), "read a counter");
  return Number(values.reduce((sum, n) => sum + n, 0n));
}
