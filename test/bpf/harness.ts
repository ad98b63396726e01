import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { buildObjects, OBJECT_DIR } from "../../src/datapath/bpf/build.edge.ts";
import { encodeKey, encodeValue, type MapKey, type MapName, type MapValue } from "../../src/datapath/bpf/layouts.ts";
import { passes } from "../../src/datapath/bpf/passes.ts";
import type { ProgramName } from "../../src/datapath/bpf/programs.ts";
import { drops } from "../../src/datapath/drops.ts";
import { type Bpf, openBpf } from "../../src/kernel/bpf.edge.ts";
import { libbpf, must } from "../../src/kernel/libbpf.edge.ts";

const unshare = koffi.load("libc.so.6").func("int unshare(int flags)") as (flags: number) => number;
const CLONE_NEWNET = 0x40000000;

export const sh = (command: string): string =>
  execFileSync("sh", ["-ec", command], { encoding: "utf8", timeout: 20_000 });

/** TC_ACT_*: linux/pkt_cls.h */
const verdicts = { 2: "shot", 7: "redirect", 4294967295: "next" } as const;

export interface Outcome {
  readonly verdict: string;
  readonly packet: Buffer;
  /** The counters that moved, and by how much. */
  readonly moved: Readonly<Record<string, number>>;
}

interface Context {
  readonly gsoSize?: number;
}

/** Moves this thread to an empty network namespace, mounts a bpffs of its own and loads the programs there. */
export function bench() {
  must(unshare(CLONE_NEWNET), "unshare");
  const directory = mkdtempSync(join(tmpdir(), "hb-bpf-"));
  sh(`mount -t bpf bpf ${directory}`);
  const flaw = buildObjects();
  if (flaw !== undefined) throw new Error(flaw);
  const bpf = openBpf(directory, OBJECT_DIR);
  bpf.ensureLoaded();
  return {
    bpf,
    directory,
    run: (program: ProgramName, packet: Uint8Array, context: Context = {}) => run(bpf, program, packet, context),
    put: <M extends MapName>(map: M, key: MapKey<M>, value: MapValue<M>) =>
      bpf.update(map, [[encodeKey(map, key), encodeValue(map, value)]]),
    close() {
      sh(`umount ${directory}`);
      rmSync(directory, { recursive: true });
    },
  };
}

export type Bench = ReturnType<typeof bench>;

/** Sets a sysctl of this thread's network namespace. */
export const sysctl = (name: string, value: number): void => writeFileSync(`/proc/sys/${name}`, `${value}`);

const names = [...Object.keys(drops), ...Object.keys(passes)];
const counts = (bpf: Bpf) => [...bpf.counters("drops"), ...bpf.counters("passes")].map((c) => c.packets);

function run(bpf: Bpf, program: ProgramName, packet: Uint8Array, context: Context): Outcome {
  const before = counts(bpf);
  const { verdict, out } = testRun(bpf.programFd(program), packet, context);
  const after = counts(bpf);
  const moved = names.flatMap((name, n) => {
    const by = (after[n] ?? 0) - (before[n] ?? 0);
    return by === 0 ? [] : [[name, by] as const];
  });
  return { verdict, packet: out, moved: Object.fromEntries(moved) };
}

const GSO_SIZE_AT = 176;
const out = Buffer.alloc(8_192);

/** BPF_PROG_TEST_RUN through struct bpf_test_run_opts, bpf/bpf.h. */
export function testRun(fd: number, packet: Uint8Array, { gsoSize = 0 }: Context = {}) {
  const data = Buffer.from(packet);
  const context = Buffer.alloc(192);
  context.writeUInt32LE(gsoSize, GSO_SIZE_AT);
  const opts = Buffer.alloc(88);
  opts.writeBigUInt64LE(88n, 0);
  opts.writeBigUInt64LE(koffi.address(data), 8);
  opts.writeBigUInt64LE(koffi.address(out), 16);
  opts.writeUInt32LE(data.length, 24);
  opts.writeUInt32LE(out.length, 28);
  opts.writeBigUInt64LE(koffi.address(context), 32);
  opts.writeUInt32LE(context.length, 48);
  opts.writeInt32LE(1, 60);
  must(libbpf.testRun(fd, opts), `test run of ${data.length} bytes`);
  const code = opts.readUInt32LE(56);
  const verdict = verdicts[code as keyof typeof verdicts] ?? `${code}`;
  return { verdict, out: Buffer.from(out.subarray(0, opts.readUInt32LE(28))) };
}
