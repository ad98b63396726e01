import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { type Namespace, quote, until } from "../kernel/namespace.ts";
import { status } from "./nodes.ts";

/** A DHCP client at work in a VM. */
export interface Client {
  /** What the client tells its script with an event: the newest time it happened. */
  heard(event: string): Promise<Readonly<Record<string, string>>>;
  /** Whether an event has happened since it was last forgotten. */
  has(event: string): boolean;
  forget(event: string): void;
  /** @returns whether it still ran */
  signal(name: NodeJS.Signals): boolean;
  readonly exited: Promise<number | null>;
}

/** Writes down each event with the environment it came with, then does as the laboratory's own script. */
const script = (configure: string) => `#!/bin/sh
event="\${1:-$reason}"
env > "$LAB_DIRECTORY/$event.new"
mv "$LAB_DIRECTORY/$event.new" "$LAB_DIRECTORY/$event"
${configure}
`;

function start(vm: Namespace, configure: string, command: (script: string, directory: string) => string): Client {
  const directory = mkdtempSync(join(tmpdir(), "pcg-dhcp-"));
  const file = (name: string) => join(directory, name);
  writeFileSync(file("script"), script(configure), { mode: 0o755 });
  const run = vm.start("bash", ["-c", `export LAB_DIRECTORY=${directory}; exec ${command(file("script"), directory)}`]);
  onTestFinished(async () => {
    await run.stop();
    rmSync(directory, { recursive: true });
  });
  const read = (event: string) =>
    Object.fromEntries(
      readFileSync(file(event), "utf8")
        .split("\n")
        .map((line) => [line.replace(/=.*/, ""), line.replace(/^[^=]*=/, "")]),
    );
  return {
    heard: async (event) => {
      await until(`${event} is heard: ${run.said()}`, () => existsSync(file(event)));
      return read(event);
    },
    has: (event) => existsSync(file(event)),
    forget: (event) => rmSync(file(event), { force: true }),
    signal: (name) => run.child.kill(name),
    exited: new Promise((done) => run.child.on("exit", done)),
  };
}

/** busybox's client: SIGUSR1 renews, SIGUSR2 releases. */
export function udhcpc(vm: Namespace, { hostname, options = "" }: { hostname: string; options?: string }): Client {
  const configure = `exec ${resolve("src/lab/dhcp-client.sh")} "$@"`;
  const client = start(
    vm,
    configure,
    (file) => `udhcpc -f -i eth0 -s ${file} -x hostname:${hostname} -O mtu -t 3 -T 1 -A 1 ${options}`,
  );
  onTestFinished(() => giveBack(vm, client));
  return client;
}

/** So that the same test finds the same again. The router is asked for first: a release is sent only once. */
async function giveBack(vm: Namespace, client: Client): Promise<void> {
  if (!client.has("bound")) return;
  const { serverid, ip } = await client.heard("bound");
  vm.run(`ping -c 1 -W 1 ${serverid} || true`);
  if (!client.signal("SIGUSR2")) return;
  await until("the lease is given back", async () =>
    (await status()).dhcp.leases.every((l) => l.ip !== ip || l.state !== "bound"),
  );
}

/**
 * dhcpcd, in a process namespace of its own, so that the helpers it starts end with it, and with its own files, so that
 * none on this machine are touched.
 */
export function dhcpcd(vm: Namespace): Client {
  const config =
    "clientid\\nnoarp\\nnoipv6\\noption domain_name_servers,domain_name,domain_search,classless_static_routes,interface_mtu,ntp_servers\\n";
  const inside = (file: string, directory: string) =>
    [
      "for d in /run/dhcpcd /var/lib/dhcpcd; do mkdir -p $d; mount -t tmpfs none $d; done",
      `printf ${quote(config)} > ${directory}/dhcpcd.conf`,
      // Not exec: a process that gives up its privileges is no longer told of its parent's death.
      `dhcpcd -B -4 -f ${directory}/dhcpcd.conf -c ${file} -e LAB_DIRECTORY=${directory} eth0; exit $?`,
    ].join("; ");
  return start(
    vm,
    "",
    (file, directory) =>
      `unshare --mount --pid --fork --kill-child --mount-proc sh -c ${quote(inside(file, directory))}`,
  );
}
