import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Namespace, until } from "../kernel/namespace.ts";
import { address, gateway, host, inet, status, vm1, vm2, wish } from "./nodes.ts";

/** Where every machine echoes, TCP and UDP. */
export const PORT = 7000;
/** The shared address's port that is forwarded to vm-1's. */
export const FORWARDED = 7001;

const talker = join(import.meta.dirname, "talker.ts");

/** A conversation (talker.ts) from its beginning to its end; what it printed. */
export const talk = (from: Namespace, mode: string, to: string, port: number, options = ""): number =>
  Number(from.run(`${process.execPath} ${talker} ${mode} ${to} ${port} ${options}`));

/** One that goes on beside the test. It is killed at the test's end. */
export function talking(from: Namespace, mode: string, to: string, options: readonly string[] = []) {
  const talk = from.start(process.execPath, [talker, mode, to, `${PORT}`, ...options], ["pipe", "ignore", "pipe"]);
  onTestFinished(() => talk.stop());
  return talk;
}

/** Starts an echo on every machine, under a wish that lets everyone reach it. Gives the undo. */
export async function echoes(): Promise<() => Promise<void>> {
  const undo: (() => Promise<void>)[] = [];
  for (const at of [inet, host, vm1, vm2]) {
    const server = at.start(process.execPath, [talker, "echo", `${PORT}`]);
    undo.push(() => server.stop());
    await until("the echo listens", () => at.run(`ss -Hltun 'sport = :${PORT}' | wc -l`).trim() === "2");
  }
  const protocols = ["tcp", "udp"] as const;
  undo.push(
    await wish((want) => ({
      nat: protocols.map((protocol) => ({
        id: `forward-${protocol}`,
        action: "DNAT",
        protocol,
        destinationNetwork: address.pat,
        destinationPorts: `${FORWARDED}`,
        translatedNetwork: address.vm1,
        translatedPorts: `${PORT}`,
      })),
      firewall: [
        {
          id: "echo",
          rules: protocols.map((protocol) => ({
            id: `echo-${protocol}`,
            action: "ALLOW",
            services: [{ protocol, destinationPorts: `${PORT}` }],
          })),
        },
        ...(want.firewall ?? []),
      ],
    })),
  );
  return async () => {
    for (const step of undo.reverse()) await step();
  };
}

/** Packets that followed a flow so far: out of the tunnel or past it, and into it. */
export async function followed(): Promise<{ out: number; tunnel: number }> {
  const { passes } = await status();
  return { out: passes["flow_out"]?.packets ?? 0, tunnel: passes["flow_tunnel"]?.packets ?? 0 };
}

/** The same while `work` runs. */
export async function followedDuring(work: () => unknown): Promise<{ out: number; tunnel: number }> {
  const before = await followed();
  await work();
  const after = await followed();
  return { out: after.out - before.out, tunnel: after.tunnel - before.tunnel };
}

/** Connection tracking's lines about connections to the echoes. */
export const tracked = (protocol: "tcp" | "udp"): string[] =>
  gateway
    .run(`conntrack -L -p ${protocol} --dport ${PORT} 2>/dev/null || true`)
    .split("\n")
    .filter((line) => line !== "");

/** Makes connection tracking know nothing of them. */
export const untrack = (protocol: "tcp" | "udp"): void =>
  void gateway.run(`conntrack -D -p ${protocol} --dport ${PORT} >/dev/null 2>&1 || true`);
