import { readFileSync } from "node:fs";
import { programs } from "../../src/datapath/bpf/programs.ts";
import { openBpf } from "../../src/kernel/bpf.edge.ts";
import { interfaceIndexes } from "../../src/kernel/libbpf.edge.ts";

/** Started by door.test.ts without root: loads, or does all else that pcg-kernel does with eBPF. */
const [what, pins = "", objects = ""] = process.argv.slice(2);
const bpf = openBpf(pins, objects);
const [lo = 0] = interfaceIndexes();

function use() {
  bpf.ensureLoaded();
  bpf.attach(lo, programs.downlink_ingress.direction, "downlink_ingress");
  bpf.update("segments", [[Uint8Array.of(1, 0, 0, 0), Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 1)]]);
  const facts = {
    attached: bpf.attached(lo, "ingress", 0),
    segments: bpf.entries("segments").length,
    counters: bpf.counters("drops").length > 0,
  };
  bpf.unload();
  return facts;
}

const facts = what === "load" ? { loaded: bpf.ensureLoaded() === undefined, learns: bpf.canLearn() } : use();
const capabilities = /CapEff:\s*(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
process.stdout.write(JSON.stringify({ uid: process.getuid?.(), capabilities, ...facts }));
