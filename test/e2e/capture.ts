import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Namespace, sh, until } from "../kernel/namespace.ts";

/** tshark's names of what is looked at. */
const fields = [
  "eth.src",
  "eth.dst",
  "ip.src",
  "ip.dst",
  "ip.len",
  "ip.ttl",
  "ip.flags.df",
  "ip.dsfield.dscp",
  "ip.dsfield.ecn",
  "ip.checksum.status",
  "udp.srcport",
  "udp.length",
  "udp.checksum",
  "udp.checksum.status",
  "tcp.srcport",
  "tcp.dstport",
  "tcp.checksum.status",
  "icmp.code",
  "icmp.checksum.status",
  "geneve.version",
  "geneve.flags.oam",
  "geneve.flags.critical",
  "geneve.proto_type",
  "geneve.vni",
  "geneve.option.class",
  "geneve.option.type",
  "geneve.option.unknown.data",
  "_ws.malformed",
] as const;

/** A packet as tshark decodes it: all values of each field, the outermost header's first. */
export type Decoded = Readonly<Record<(typeof fields)[number], readonly string[]>>;

/** What passed an interface while `work` ran and fits the filter, in the eyes of tshark. */
export async function captured(
  on: { node: Namespace; device: string; filter: string },
  work: () => unknown,
): Promise<Decoded[]> {
  const folder = mkdtempSync(join(tmpdir(), "pcg-wire-"));
  const file = join(folder, "packets.pcap");
  const tcpdump = on.node.start("tcpdump", [
    ...["-i", on.device, "-U", "--immediate-mode", "-Z", "root", "-w", file],
    ...on.filter.split(" "),
  ]);
  try {
    await until("tcpdump listens", () => tcpdump.said().includes("listening on"));
    await work();
    await until("all is written", settled(file));
    await tcpdump.stop("SIGINT");
    return decode(file);
  } finally {
    await tcpdump.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Whether a file that is asked about again and again has something in it and stays as it is. */
function settled(file: string): () => boolean {
  const PCAP_HEADER = 24;
  let last = 0;
  return () => {
    const { size } = statSync(file);
    const same = size === last && size > PCAP_HEADER;
    last = size;
    return same;
  };
}

function decode(file: string): Decoded[] {
  const wanted = fields.map((f) => `-e ${f}`).join(" ");
  const checks = ["ip", "udp", "tcp"].map((p) => `-o ${p}.check_checksum:TRUE`).join(" ");
  const text = sh(
    `tshark -r ${file} -d udp.port==6081,geneve ${checks} -T fields ${wanted} -E occurrence=a -E aggregator=, 2>/dev/null`,
  );
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const columns = line.split("\t");
      const entries = fields.map((f, n) => [f, columns[n] ? columns[n].split(",") : []]);
      return Object.fromEntries(entries) as Decoded;
    });
}
