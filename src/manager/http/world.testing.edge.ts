import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import type { Facts, Log } from "../../base/log.ts";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { commitsOver } from "../state/commits.testing.ts";
import { Access } from "./access.ts";
import { type AuditEntry, type AuditFact, type AuditLog, BEGINNING, chained } from "./audit.ts";
import { managerName, testAuthority } from "./certificate.testing.ts";
import type { Limits } from "./limits.ts";
import { MemoryPolicy } from "./policy.testing.ts";
import type { Ports } from "./ports.ts";
import { type ApiServer, type ApiServerOptions, serveManagerApi } from "./server.edge.ts";

/** An audit log in memory, which a test may make fail. */
class MemoryAudit implements AuditLog {
  readonly entries: AuditEntry[] = [];
  isFull = false;

  async append(fact: AuditFact): Promise<void> {
    if (this.isFull) throw new Error("no space left on /var/lib/secret");
    this.entries.push(chained(this.entries.at(-1) ?? BEGINNING, fact));
  }

  async read({ before = Number.POSITIVE_INFINITY, most }: { before?: number; most: number }) {
    return this.entries
      .filter(({ seq }) => seq < before)
      .toReversed()
      .slice(0, most);
  }
}

const gateway = { id: "pcg-a", connected: true };

const ports = (policy: MemoryPolicy): Ports => ({
  policy,
  reports: {
    gateways: () => [gateway],
    gateway: (id) => (id === gateway.id ? gateway : undefined),
    agents: (id) => (id === gateway.id ? [{ id: "vm-1" }] : undefined),
    leases: (id) => (id === gateway.id ? [] : undefined),
    problems: (id) => (id === gateway.id ? [] : undefined),
  },
  nodes: {
    read: async ({ role, id }) => (id === gateway.id ? { role, id } : undefined),
    revoke: async () => undefined,
    forget: async () => undefined,
    awsEnrolment: async () => undefined,
    configureAws: async () => undefined,
    awsGateways: async () => [{ id: "pcg-a", accountId: "123456789012", privateIp: "10.99.2.10" }],
    listAwsGateway: async (id) => ({ id, accountId: "123456789012", privateIp: "10.99.2.10" }),
    unlistAwsGateway: async () => undefined,
    newToken: async ({ role, id }) => ({ token: "secret", role, id, expires_at: "2030-01-01T00:00:00.000Z" }),
  },
  realized: async (path) => ({
    intent_path: path,
    consolidated_status: { consolidated_status: "SUCCESS" },
    publish_status: "REALIZED",
    problems: [],
    enforcement: [{ gateway: gateway.id, connected: true, state: "SUCCESS", realized: 7 }],
  }),
  portState: async (path) => ({
    ...{ intent_path: path, status: "UP", attachment: { id: "vm-1" }, tep_address: "10.99.3.248" },
    ...{ realized_bindings: [], problems: [], enforcement: [] },
  }),
  cluster: async () => ({
    cluster_id: "c1",
    mgmt_cluster_status: { status: "STABLE", online_nodes: [{ uuid: "m1" }], offline_nodes: [] },
    control_cluster_status: { status: "STABLE" },
  }),
  trouble: () => undefined,
});

interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sent {
  /** An object becomes JSON; text is sent as it is. */
  readonly body?: unknown;
  /** null: none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiUnderTest {
  readonly server: ApiServer;
  readonly url: string;
  readonly authority: Awaited<ReturnType<typeof testAuthority>>;
  readonly clock: VirtualClock;
  readonly policy: MemoryPolicy;
  readonly audit: MemoryAudit;
  readonly access: Access;
  readonly logged: (readonly [text: string, facts: Facts | undefined])[];
  /** The first administrator's. */
  readonly token: string;
  call(method: string, path: string, sent?: Sent): Promise<ApiAnswer>;
}

/**
 * The API on a port of this machine, with nothing real behind it but what a test puts there. Its throttles' time is a
 * test's.
 */
export async function apiUnderTest(
  limits: Partial<Limits> = {},
  options: Partial<ApiServerOptions> = {},
  behind: Partial<Ports> = {},
): Promise<ApiUnderTest> {
  const authority = await testAuthority("test");
  const clock = new VirtualClock();
  const [policy, audit, commits] = [new MemoryPolicy(), new MemoryAudit(), await commitsOver()];
  const access = new Access({ commits, wall: () => clock.wall(), random: randomBytes });
  const logged: [string, Facts | undefined][] = [];
  const note = (text: string, facts?: Facts) => void logged.push([text, facts]);
  const log: Log = { info: note, warn: note, error: note };
  const token = (await access.first()) ?? "";
  const where = { host: "127.0.0.1", port: 0, version: "0.0.1", limits };
  const certificate = await authority.issue(managerName, { type: "ip", value: "127.0.0.1" });
  const server = await serveManagerApi(
    { ...certificate, ...where, ...options },
    { ports: { ...ports(policy), ...behind }, access, audit, clock, log },
  );
  const url = `https://127.0.0.1:${server.port}`;
  const call = (method: string, path: string, sent: Sent = {}) =>
    ask(`${url}${path}`, authority.certificate, { method, token, ...sent });
  return { server, url, authority, clock, policy, audit, access, logged, token, call };
}

function ask(url: string, ca: string, { method, body, token, headers }: Sent & { readonly method: string }) {
  return new Promise<ApiAnswer>((resolve, reject) => {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const asked = request(url, {
      ...{ method, ca, agent: false },
      headers: {
        ...(token === null || token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        ...headers,
      },
    });
    asked.on("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const its = Buffer.concat(chunks).toString("utf8");
        const parsed = its === "" ? {} : (JSON.parse(its) as ApiAnswer["body"]);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: its, body: parsed });
      });
    });
    asked.on("error", reject);
    asked.end(text);
  });
}
