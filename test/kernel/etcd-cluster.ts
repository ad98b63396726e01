import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { EtcdHttp, type Posted } from "../../src/manager/ledger/etcd-http.edge.ts";

interface Member {
  readonly name: string;
  readonly client: number;
  readonly peer: number;
  process: ChildProcess | undefined;
}

/** Real etcd processes on loopback, with their data in a folder of their own. */
export class EtcdCluster {
  readonly members: readonly Member[];
  readonly #folder = mkdtempSync(join(tmpdir(), "etcd-"));

  readonly #tls: TlsPaths | undefined;
  readonly #http: EtcdHttp;

  private constructor(ports: readonly number[], tls: TlsPaths | undefined) {
    this.#tls = tls;
    this.#http = new EtcdHttp(tls && readTls(tls), systemClock);
    this.members = Array.from({ length: ports.length / 2 }, (_, n) => ({
      name: `m${n}`,
      client: ports[2 * n] ?? 0,
      peer: ports[2 * n + 1] ?? 0,
      process: undefined,
    }));
  }

  /** @param tls for its clients, each of which must have a certificate too: the same */
  static async start(size: number, tls?: TlsPaths): Promise<EtcdCluster> {
    const cluster = new EtcdCluster(await freePorts(2 * size), tls);
    await Promise.all(cluster.members.map((member) => cluster.run(member)));
    return cluster;
  }

  /** @param first its client is asked first */
  spec(prefix: string, first = 0): string {
    const turned = [...this.members.slice(first), ...this.members.slice(0, first)];
    const hosts = turned.map(({ client }) => `127.0.0.1:${client}`).join(",");
    if (!this.#tls) return `etcd://${hosts}/${prefix}`;
    const { ca, cert, key } = this.#tls;
    return `etcds://${hosts}/${prefix}?ca=${ca}&cert=${cert}&key=${key}`;
  }

  /** @throws Error when the first member says no */
  async ask(path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
    const [first] = this.members;
    const { status, text } = await this.#post(first?.client ?? 0, { path, body, token });
    if (status !== 200) throw new Error(`${path}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Starts it, again perhaps, and waits until it knows a leader. */
  async run(member: Member): Promise<void> {
    const [client, peer] = [
      `http${this.#tls ? "s" : ""}://127.0.0.1:${member.client}`,
      `http://127.0.0.1:${member.peer}`,
    ];
    const args = [
      ...["--name", member.name, "--data-dir", join(this.#folder, member.name)],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", this.#all(), "--log-level", "error", "--logger", "zap"],
      ...(this.#tls ? tlsArgs(this.#tls) : []),
      ...["--heartbeat-interval", "60", "--election-timeout", "600"],
    ];
    member.process = spawn("etcd", args, { stdio: "ignore" });
    while (!(await this.#leaderAccordingTo(member))) await setTimeout(50);
  }

  async kill(member: Member): Promise<void> {
    const { process } = member;
    member.process = undefined;
    if (!process || process.exitCode !== null) return;
    process.kill("SIGKILL");
    await once(process, "exit");
  }

  async leader(): Promise<Member> {
    for (;;) {
      for (const member of this.members) {
        const found = member.process && (await this.#leaderAccordingTo(member));
        if (found && found.leader === found.self) return member;
      }
      await setTimeout(20);
    }
  }

  /** Kills it, keeps what it has on disk or puts that back, and runs it again. */
  async restart(member: Member, disk: "save" | "put back"): Promise<void> {
    await this.kill(member);
    const [live, saved] = [join(this.#folder, member.name), join(this.#folder, `${member.name}.saved`)];
    const [from, to] = disk === "save" ? [live, saved] : [saved, live];
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true });
    await this.run(member);
  }

  /** A copy of the store, as an operator makes it. */
  saveSnapshot(file: string): void {
    const [first] = this.members;
    etcdctl(["--endpoints", `127.0.0.1:${first?.client}`, "snapshot", "save", file]);
  }

  /** All members lose what they have, and begin anew with a copy. */
  async restoreSnapshot(file: string): Promise<void> {
    for (const member of this.members) {
      await this.kill(member);
      const data = join(this.#folder, member.name);
      rmSync(data, { recursive: true, force: true });
      const me = ["--name", member.name, "--initial-advertise-peer-urls", `http://127.0.0.1:${member.peer}`];
      etcdctl(["snapshot", "restore", file, "--data-dir", data, "--initial-cluster", this.#all(), ...me]);
    }
    await Promise.all(this.members.map((member) => this.run(member)));
  }

  #all(): string {
    return this.members.map((one) => `${one.name}=http://127.0.0.1:${one.peer}`).join(",");
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => this.kill(member)));
    this.#http.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** Undefined: it does not answer, or knows of none. */
  async #leaderAccordingTo({ client }: Member): Promise<{ leader: string; self: string } | undefined> {
    try {
      const { text } = await this.#post(client, { path: "/v3/maintenance/status", body: {}, token: undefined });
      const { leader, header } = JSON.parse(text) as { leader?: string; header: { member_id: string } };
      return leader && leader !== "0" ? { leader, self: header.member_id } : undefined;
    } catch {
      return undefined;
    }
  }

  #post(port: number, posted: Posted) {
    return this.#http.post({ host: "127.0.0.1", port }, posted, 1_000);
  }
}

/** PEM files. */
export type TlsPaths = Readonly<Record<"ca" | "cert" | "key", string>>;

const etcdctl = (args: readonly string[]) =>
  execFileSync("etcdctl", args, { env: { ...process.env, ETCDCTL_API: "3" }, stdio: "pipe" });

const readTls = ({ ca, cert, key }: TlsPaths) => ({
  ca: readFileSync(ca, "utf8"),
  client: { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") },
});

const tlsArgs = ({ ca, cert, key }: TlsPaths) => [
  ...["--cert-file", cert, "--key-file", key],
  ...["--client-cert-auth", "--trusted-ca-file", ca],
];

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
