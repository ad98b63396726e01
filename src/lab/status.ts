import type { Node } from "./nodes.ts";
import type { ProofResult } from "./proofs.ts";

/** What a VM's DHCP client got. */
export interface Lease {
  readonly address: string;
  readonly router: string;
  readonly dns: string;
  readonly mtu: number | null;
  readonly server: string;
  readonly leaseSeconds: number;
}

export interface NodeStatus extends Node {
  /** By daemon. */
  readonly pids: Readonly<Record<string, number>>;
  /** The namespace is there, and so is every process that was started in it. */
  readonly alive: boolean;
}

/** What `lab status --json` prints. */
export interface LabStatus {
  readonly name: string;
  readonly up: boolean;
  readonly nodes: readonly NodeStatus[];
  readonly leases: Readonly<Record<string, Lease>>;
  readonly gateway: Readonly<Record<string, { config: string; socket: string; kernelSocket: string; logs: string[] }>>;
  /** How to reach the manager's API; null: gateways take what is wanted from a file. */
  readonly manager: { readonly url: string; readonly token: string; readonly authority: string } | null;
  /** The file that says what is wanted; null: the manager does. */
  readonly desired: string | null;
  /** Each Elastic IP's way to its VM, stage by stage. */
  readonly paths: readonly string[];
  /** Packets the VPC dropped, by why. */
  readonly vpcDrops: Readonly<Record<string, number>>;
  /** The fetches made when it came up. */
  readonly proofs: readonly ProofResult[];
}

/** The same for people. */
export function statusText(status: LabStatus): string {
  const { name, up, nodes, leases, gateway, manager, desired, paths, vpcDrops, proofs } = status;
  if (!up) return `${name} is not up. Start it with: npm run lab -- up --detach${nameOption(name)}\n`;
  const width = Math.max(...nodes.map((node) => node.name.length));
  const drops = Object.entries(vpcDrops).filter(([, packets]) => packets > 0);
  const lines = [
    ...nodes.flatMap((node) => nodeLines(node, leases[node.name], width)),
    "",
    ...(desired === null ? [] : [`wish      ${desired} (edit it; it is read again)`]),
    ...(manager === null ? [] : [`manager   ${manager.url}, authority ${manager.authority}, token ${manager.token}`]),
    ...Object.entries(gateway).map(([unit, { socket, logs }]) => `unit ${unit}    ${socket}, logs ${logs.join(" ")}`),
    ...(drops.length > 0 ? [`VPC drops ${drops.map(([reason, n]) => `${reason} ${n}`).join(", ")}`] : []),
    ...paths.map((path) => `path      ${path}`),
    ...proofs.map(({ says, holds, answer }) => `${holds ? "proved   " : "UNPROVED "} ${says}: ${answer}`),
  ];
  return `${lines.join("\n")}\n`;
}

function nodeLines({ name, what, addresses, pids, alive }: NodeStatus, lease: Lease | undefined, width: number) {
  const all = [...addresses, ...(lease ? [`${lease.address} by DHCP, MTU ${lease.mtu}`] : [])];
  const indent = " ".repeat(width + 8);
  const processes = Object.entries(pids).map(([daemon, pid]) => `${daemon} ${pid}`);
  return [
    `${name.padEnd(width)}  ${alive ? "alive" : "DEAD "} ${what}`,
    ...[all.join(", "), processes.join(", ")].filter((text) => text !== "").map((text) => `${indent}${text}`),
  ];
}

const nameOption = (name: string) => (name === "lab" ? "" : ` --name ${name}`);

const askText = ({ url, token, authority }: NonNullable<LabStatus["manager"]>) =>
  `curl -s --cacert ${authority} -H 'Authorization: Bearer ${token}' ${url}/policy/api/v1/infra/segments`;

/** What to try in a laboratory that is up. */
export function pokeText({ name, gateway, manager }: LabStatus): string {
  const option = nameOption(name);
  const exec = (node: string, command: string) => `  npm run lab -- exec${option} ${node} -- ${command}`;
  return [
    "Try:",
    exec("vm-1", "curl -s http://198.51.100.10/"),
    exec("inet", "curl -s http://203.0.113.10/"),
    exec("vm-2", "ping -c 3 192.168.100.3"),
    exec("inet", "iperf3 -s -1 -D"),
    exec("vm-1", "iperf3 -c 198.51.100.10"),
    exec("pcg-a", "tshark -i downlink0 -d udp.port==6081,geneve"),
    exec("pcg-a", "nft list ruleset"),
    ...Object.values(gateway).map(({ socket }) => `  npm run pcgd -- status --socket ${socket}`),
    ...(manager === null ? [] : [exec("mgr", askText(manager))]),
    `  npm run lab -- restart${option} pcgd --kill`,
    `  npm run lab -- status${option} | down${option}`,
    "",
  ].join("\n");
}
