import { constants } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import koffi from "koffi";
import { encode, type Struct } from "../../src/datapath/bpf/struct.ts";
import { libbpf, must } from "../../src/kernel/libbpf.edge.ts";
import { ethernet, geneve, ipv4, option, udp, udpPacket } from "../bpf/packets.ts";
import { fillArray, loadProgram } from "./bpf-program.ts";
import { type Entry, net } from "./entries.ts";
import { LOAD_CPU } from "./gateway-cpu.ts";
import type { BenchNamespace } from "./namespace.ts";
import { inNetwork, pin } from "./thread.ts";
import { links, type Topology, type Tunnel } from "./topology.ts";
import type { Undo } from "./undo.ts";

export type Direction = "out" | "in";

/** An Ethernet frame of 64 bytes without its checksum. */
const PAYLOAD = 64 - 14 - 20 - 8;
const BATCH = 64;
/** Frames of some two tenths of a second. */
const CALL = 200_000;
/** BPF_F_TEST_XDP_LIVE_FRAMES, linux/bpf.h. */
const LIVE_FRAMES = 1 << 1;
const { EINTR } = constants.errno;
const PORT = 7000;
const FIRST_SOURCE_PORT = 20_000;

/** Frames on their way at once: veth's ring has 256 places, and one batch may be on its way to it. */
const WINDOW = 192;

/** struct plan of bpf/generator.bpf.c */
const plan = {
  ifindex: "u32",
  frames: "u32",
  next: "u32",
  window: "u32",
  sent: "u64",
  sunk: "u64",
  looked: "u64",
  moved: "u64",
} as const satisfies Struct;
const FRAME_BYTES = 128;

const vxlan = (vni: number, frame: Uint8Array) => {
  const header = Buffer.alloc(8);
  header.writeUInt8(0x08, 0);
  header.writeUInt32BE(vni * 256, 4);
  return Buffer.concat([header, frame]);
};

const tunnelPorts = { geneve: 6081, vxlan: 4789 } as const;
type Wrapped = keyof typeof tunnelPorts;

const tunnelled = {
  geneve: (frame: Uint8Array) =>
    geneve({ vni: net.vni, critical: true, options: option(0x0104, 0x80, Buffer.alloc(4)) }, frame),
  vxlan: (frame: Uint8Array) => vxlan(net.vni, frame),
} as const satisfies Record<Wrapped, (frame: Uint8Array) => Buffer>;

export interface Load {
  readonly entries: readonly Entry[];
  readonly flows: number;
  /** What VMs send to. */
  readonly routerMac: string;
}

/** `flows` UDP flows, as evenly as can be over the entries. Flow n of both directions is one connection. */
function flowFrames(topology: Topology, direction: Direction, { entries, flows, routerMac }: Load): Buffer[] {
  const macs = macsOf(topology, routerMac);
  return Array.from({ length: flows }, (_, n) => {
    const entry = entries[n % entries.length] as Entry;
    const sport = FIRST_SOURCE_PORT + (Math.floor(n / entries.length) % 40_000);
    return direction === "in" ? inwards(entry, sport, macs) : outwards(entry, sport, macs, topology.tunnel);
  });
}

const macsOf = ({ inet, gateway, host }: Topology, router: string) => ({
  inet: inet.mac(links.internet),
  uplink: gateway.mac(links.uplink),
  downlink: gateway.mac(links.downlink),
  wire: host.mac(links.wire),
  router,
});
type Macs = ReturnType<typeof macsOf>;

/** UDP's checksum is left out (zero), as a NIC would have verified it. */
const inwards = ({ secondary }: Entry, port: number, macs: Macs) =>
  ethernet(
    { to: macs.uplink, from: macs.inet },
    udpPacket({ from: net.internet, to: secondary, sport: PORT, dport: port, check: 0 }, Buffer.alloc(PAYLOAD)),
  );

function outwards({ ip, mac, tep }: Entry, port: number, macs: Macs, tunnel: Tunnel): Buffer {
  const packet = udpPacket({ from: ip, to: net.internet, sport: port, dport: PORT, check: 0 }, Buffer.alloc(PAYLOAD));
  if (tunnel === "none") return ethernet({ to: macs.downlink, from: mac }, packet);
  const inner = ethernet({ to: macs.router, from: mac }, packet);
  const header = { from: tep, to: net.tep, sport: 0xc000 | (port & 0x3fff), dport: tunnelPorts[tunnel], check: 0 };
  const outer = ipv4({ from: tep, to: net.tep, protocol: 17 }, udp(header, tunnelled[tunnel](inner)));
  return ethernet({ to: macs.downlink, from: macs.wire }, outer);
}

/** Puts prepared frames on the cable to a gateway's port, in the kernel. */
export class Generator {
  readonly #object: ReturnType<typeof loadProgram>;
  readonly #namespace: BenchNamespace;
  readonly #ifindex: number;
  readonly #frames: readonly Buffer[];
  readonly #sunk: () => number;

  constructor(topology: Topology, direction: Direction, load: Load, undo: Undo) {
    pin(0, 1 << LOAD_CPU);
    this.#object = loadProgram("generator", undo, { sunk: topology.sunkMap });
    this.#sunk = topology.sunk;
    this.#namespace = direction === "out" ? topology.host : topology.inet;
    this.#ifindex = this.#namespace.index(direction === "out" ? links.wire : links.internet);
    this.#frames = flowFrames(topology, direction, load);
    const words = this.#frames.map((frame) => Buffer.concat([frame, Buffer.alloc(FRAME_BYTES - frame.length)]));
    fillArray(this.#object.map("frames"), words);
  }

  /** As many as the gateway takes, for about that long, in few calls: each begins and ends with a wait for RCU. */
  flood(ms: number): void {
    this.#rewind(WINDOW);
    const end = performance.now() + ms;
    while (performance.now() < end) this.#send(CALL);
  }

  /** Every frame once, slowly enough that none is lost. */
  async once(perSecond = 20_000): Promise<void> {
    this.#rewind(0);
    const start = performance.now();
    for (let sent = 0; sent < this.#frames.length; ) {
      sent += this.#send(Math.min(BATCH, this.#frames.length - sent));
      while (performance.now() < start + (sent / perSecond) * 1_000) await turn();
    }
  }

  #rewind(window: number): void {
    const sunk = BigInt(this.#sunk());
    const which = { ifindex: this.#ifindex, frames: this.#frames.length, next: 0 };
    const value = encode(plan, { ...which, window, sent: sunk, sunk, looked: 0n, moved: 0n });
    fillArray(this.#object.map("plan"), [value]);
  }

  /** BPF_PROG_TEST_RUN over live frames: struct bpf_test_run_opts, bpf/bpf.h. */
  #send(count: number): number {
    const frame = Buffer.from(this.#frames[0] ?? []);
    const opts = Buffer.alloc(80);
    opts.writeBigUInt64LE(80n, 0);
    opts.writeBigUInt64LE(koffi.address(frame), 8);
    opts.writeUInt32LE(frame.length, 24);
    opts.writeInt32LE(count, 60);
    opts.writeUInt32LE(LIVE_FRAMES, 68);
    opts.writeUInt32LE(BATCH, 76);
    const fd = this.#object.program("generate");
    // A signal ends the call early; the frames' turn goes on from where it was, so once more sends the rest and more.
    const run = () => {
      let result = libbpf.testRun(fd, opts);
      while (result === -EINTR) result = libbpf.testRun(fd, opts);
      return must(result, "send live frames");
    };
    inNetwork(this.#namespace.file, run);
    return count;
  }
}
