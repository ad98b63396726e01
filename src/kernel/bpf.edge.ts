import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { PcgError } from "../base/error.ts";
import { encodeKey, encodeValue, type MapName, maps, structs } from "../datapath/bpf/layouts.ts";
import { passes } from "../datapath/bpf/passes.ts";
import { type ProgramName, programs } from "../datapath/bpf/programs.ts";
import { decode } from "../datapath/bpf/struct.ts";
import { drops } from "../datapath/drops.ts";
import { type Hook, Hooks } from "./bpf-hooks.edge.ts";
import { type Entry, readCounters, readEntries, removeKeys, writeEntries } from "./bpf-map.edge.ts";
import { closeFd, libbpf, must, mustPoint, type Pointer } from "./libbpf.edge.ts";

const mapNames = Object.keys(maps) as MapName[];
const programNames = Object.keys(programs) as ProgramName[];
const objectNames = [...new Set(Object.values(programs).map((p) => p.object))];
/** Not on every kernel: see programs.ts. */
const optional = (program: ProgramName) => programs[program].place === 1;
const OPTIONAL_OBJECT = "flows";
/** Of directories with programs; the digest of their objects follows. */
const VERSION = "programs-";

const digestOf = (...parts: (string | Buffer)[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 12);
};

/** Counters are indexed by place in these lists, so another list is another map. */
const layoutDigest = digestOf(JSON.stringify([maps, structs, Object.keys(drops), Object.keys(passes)]));

const remove = (directory: string) => {
  if (!existsSync(directory)) return;
  for (const pin of readdirSync(directory)) unlinkSync(join(directory, pin));
  rmSync(directory, { recursive: true });
};

/**
 * eBPF, found through pins alone, so that programs and maps outlive this process.
 *
 *     <pins>/maps-<layouts>/<map>        shared by every version of the programs with these layouts
 *     <pins>/programs-<objects>/<program>
 *     <pins>/hooks/<interface>-<direction>-<place>   links, on kernels that have them: see bpf-hooks.edge.ts
 *
 * Once all is pinned, CAP_BPF and CAP_NET_ADMIN suffice. Loading wants CAP_PERFMON too: without it Linux 6.1 refuses
 * the programs ("attempt to corrupt spilled pointer", of a scalar), and 6.18 loads them with barriers against
 * speculation that cost 1.6 times the time per packet (measured by test run). What looks into connection tracking wants
 * CAP_SYS_ADMIN where that is a module: BPF_BTF_GET_FD_BY_ID tells its types to nobody else. So a short-lived start with
 * these capabilities calls ensureLoaded(), and the long-lived process finds the pins.
 */
export class Bpf {
  /** Of the programs in the object files. */
  readonly digest: string;
  readonly #pins: string;
  readonly #objects: string;
  readonly #maps: string;
  readonly #programs: string;
  readonly #hooks: Hooks;
  readonly #fds = new Map<string, number>();

  constructor(pinDir: string, objectDir: string) {
    this.#pins = pinDir;
    this.#objects = objectDir;
    this.digest = digestOf(layoutDigest, ...objectNames.map((name) => readFileSync(this.#objectFile(name))));
    this.#maps = join(pinDir, `maps-${layoutDigest}`);
    this.#programs = join(pinDir, `${VERSION}${this.digest}`);
    this.#hooks = new Hooks(join(pinDir, "hooks"));
  }

  #objectFile(name: string): string {
    return join(this.#objects, `${name}.bpf.o`);
  }

  /** Loads and pins what is not there. Costs nothing when all is. @throws BPFFS_MISSING, KERNEL_REFUSED */
  ensureLoaded(): void {
    if (!isBpffs(this.#pins))
      throw new PcgError("BPFFS_MISSING", { folder: this.#pins, hint: `mount -t bpf bpf ${this.#pins}` });
    const pinned = (directory: string, names: readonly string[]) => names.every((n) => existsSync(join(directory, n)));
    const needed = programNames.filter((name) => !optional(name));
    if (!pinned(this.#maps, mapNames) || !pinned(this.#programs, needed)) {
      this.#forget();
      remove(this.#programs);
      mkdirSync(this.#maps, { recursive: true });
      mkdirSync(this.#programs, { recursive: true });
      for (const name of objectNames) if (name !== OPTIONAL_OBJECT) this.#load(name);
    }
    if (!this.canLearn()) this.#tryLoad(OPTIONAL_OBJECT);
  }

  /** Whether the programs that teach the flow cache are there. */
  canLearn(): boolean {
    return programNames.filter(optional).every((name) => existsSync(join(this.#programs, name)));
  }

  #tryLoad(name: string): void {
    for (const program of programNames)
      if (programs[program].object === name) rmSync(join(this.#programs, program), { force: true });
    try {
      this.#load(name);
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
    }
  }

  #load(name: string): void {
    const object = mustPoint(libbpf.objectOpen(this.#objectFile(name), null), `open object ${name}`);
    try {
      for (const map of mapNames) {
        const found = mustPoint(libbpf.findMap(object, map), `map ${map} of ${name}`);
        must(libbpf.mapSetPinPath(found, join(this.#maps, map)), `pin path of map ${map}`);
      }
      must(libbpf.objectLoad(object), `load object ${name}`);
      for (const program of programNames) if (programs[program].object === name) this.#pin(object, program);
    } finally {
      libbpf.objectClose(object);
    }
  }

  #pin(object: Pointer, program: ProgramName): void {
    const found = mustPoint(libbpf.findProgram(object, program), `program ${program}`);
    must(libbpf.programPin(found, join(this.#programs, program)), `pin program ${program}`);
  }

  #fd(path: string): number {
    const known = this.#fds.get(path);
    if (known !== undefined) return known;
    const fd = must(libbpf.objectGet(path), `open pin ${path}`);
    this.#fds.set(path, fd);
    return fd;
  }

  #mapFd(map: MapName): number {
    return this.#fd(join(this.#maps, map));
  }

  /** For test runs. */
  programFd(program: ProgramName): number {
    return this.#fd(join(this.#programs, program));
  }

  /**
   * What is in our place on a hook: the program's name; of another version, name and digest with a dot between; of one
   * that is pinned no more, or is there in an older way, its id. So whatever is not this version's is never mistaken for it.
   */
  attached(...hook: Hook): string | undefined {
    const it = this.#hooks.attached(...hook);
    if (!it) return undefined;
    if (it.stale) return `filter.${it.id}`;
    const found = this.#pinned().find((p) => programId(this.#fd(p.path)) === it.id);
    if (!found) return `unknown.${it.id}`;
    return found.digest === this.digest ? found.program : `${found.program}.${found.digest}`;
  }

  /** Ours alone: the root of a bpffs has files of the kernel's own. */
  #directories(): string[] {
    return readdirSync(this.#pins).filter((name) => /^(maps|programs)-[0-9a-f]+$/.test(name));
  }

  #pinned(): { program: string; digest: string; path: string }[] {
    const versions = this.#directories().filter((name) => name.startsWith(VERSION));
    return versions.flatMap((version) =>
      readdirSync(join(this.#pins, version)).map((program) => ({
        program,
        digest: version.slice(VERSION.length),
        path: join(this.#pins, version, program),
      })),
    );
  }

  /** Puts a program of this version on a hook, in the place of what is there. No packet passes unseen meanwhile. */
  attach(ifindex: number, direction: Hook[1], program: ProgramName): void {
    this.#hooks.attach(this.programFd(program), ifindex, direction, programs[program].place);
  }

  detach(...hook: Hook): void {
    this.#hooks.detach(...hook);
  }

  entries(map: MapName): Entry[] {
    return readEntries(this.#mapFd(map), map);
  }

  update(map: MapName, entries: readonly Entry[]): void {
    writeEntries(this.#mapFd(map), map, entries);
  }

  remove(map: MapName, keys: readonly Uint8Array[]): void {
    removeKeys(this.#mapFd(map), map, keys);
  }

  flowGeneration(): number {
    const [entry] = this.entries("flow_generation");
    return entry ? decode(structs.generation, entry[1]).number : 0;
  }

  /** Makes every flow in the cache void. */
  renewFlows(): void {
    const value = encodeValue("flow_generation", { number: (this.flowGeneration() + 1) >>> 0 });
    this.update("flow_generation", [[encodeKey("flow_generation", { index: 0 }), value]]);
  }

  /** By index, summed over all CPUs. */
  counters(map: "drops" | "passes"): { readonly packets: number; readonly bytes: number }[] {
    return readCounters(this.#mapFd(map), map);
  }

  /** Removes the pins of interfaces that are gone, and of versions that are neither this one nor attached anywhere. */
  prune(): void {
    this.#hooks.prune();
    const attached = this.#hooks.all().map((hook) => this.attached(...hook) ?? "");
    const needed = (name: string) => attached.some((a) => a.endsWith(`.${name.slice(VERSION.length)}`));
    const kept = [basename(this.#maps), basename(this.#programs)];
    this.#forget();
    for (const name of this.#directories()) if (!kept.includes(name) && !needed(name)) remove(join(this.#pins, name));
  }

  /** Takes all of it out of the kernel: what is on hooks first, then every pin. */
  unload(): void {
    this.#hooks.clear();
    this.#forget();
    for (const name of this.#directories()) remove(join(this.#pins, name));
  }

  #forget(): void {
    for (const fd of this.#fds.values()) closeFd(fd);
    this.#fds.clear();
  }
}

/** BPF_FS_MAGIC, include/uapi/linux/magic.h */
const BPF_FS_MAGIC = 0xcafe4a11;

const isBpffs = (folder: string): boolean => existsSync(folder) && statfsSync(folder).type === BPF_FS_MAGIC;

/** struct bpf_prog_info: u32 type, id, … */
function programId(fd: number): number {
  const info = Buffer.alloc(232);
  must(libbpf.infoByFd(fd, info, [info.length]), "ask a program's id");
  return info.readUInt32LE(4);
}

/** @param pinDir in a bpffs, ours alone @param objectDir where `*.bpf.o` lie */
export const openBpf = (pinDir: string, objectDir: string): Bpf => new Bpf(pinDir, objectDir);
