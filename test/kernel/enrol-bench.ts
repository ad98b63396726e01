import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import fastify from "fastify";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { limitSnapshots } from "../../src/lcp/admission.ts";
import type { Credentials } from "../../src/lcp/connect.edge.ts";
import type { Identity } from "../../src/lcp/identity.ts";
import { START } from "../../src/lcp/position.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { type Serving, serve } from "../../src/lcp/serve.edge.ts";
import type { Held } from "../../src/lcp/subscription.ts";
import { ensureAuthority } from "../../src/manager/enrol/authority-document.ts";

import { askForCertificate, enrolRoutes } from "../../src/manager/enrol/enrol-routes.edge.ts";
import { Enrolment } from "../../src/manager/enrol/enrolment.ts";
import { configured } from "../../src/manager/enrol/instance-identity.ts";
import { ownCredentials } from "../../src/manager/enrol/own-credentials.ts";
import { newToken } from "../../src/manager/enrol/tokens.ts";
import { commitsOver } from "../../src/manager/state/commits.testing.ts";
import type { Commits } from "../../src/manager/state/documents.ts";

const HOUR_MS = 3_600_000;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export type Undo = (() => unknown)[];

/** Who everybody's manager is. */
export const manager: Identity = { role: "manager", id: "mgr" };

/** A manager as far as nodes see it that enrol: its API's port and the control plane's. */
export interface Manager {
  readonly url: string;
  readonly pin: string;
  readonly commits: Commits;
  readonly enrolment: Enrolment;
  /** The control plane's port. */
  readonly lcp: Serving;
  /** Certificates with which nodes came in. */
  readonly came: string[];
  token(node?: Identity): Promise<string>;
  /** What its authority says of anybody, on no list. */
  certify(identity: Identity): Promise<Credentials>;
}

interface ManagerOptions {
  /** How long its certificates are good. */
  readonly lifeMs?: number;
  /** Where its API is. */
  readonly host?: string;
}

/** @param undo where to put what ends it */
export async function startManager(
  undo: Undo,
  { lifeMs = HOUR_MS, host = "127.0.0.1" }: ManagerOptions = {},
): Promise<Manager> {
  const commits = await commitsOver();
  await ensureAuthority(commits, "ours", Date.now());
  const enrolment = new Enrolment({ commits, clock: systemClock, log, lifeMs });
  const { pin } = enrolment.authority();
  const certify = (identity: Identity) => ownCredentials(commits.documents, { identity, forMs: HOUR_MS }, Date.now());
  const as = await certify(manager);
  const came: string[] = [];
  const nothing = { held: (): Held => ({ instance: "ccp", at: START, resources: new Map() }), behind: () => undefined };
  const references = { needs: () => [], partOf: () => [], leads: () => [], homes: () => [] };
  const relay = new RelayServer(
    new Relay(nothing, references, limitSnapshots(systemClock, Math.random)),
    systemClock,
    log,
  );
  undo.push(() => relay.stop());
  const lcp = await serve(
    { host: "127.0.0.1", port: 0, as, role: "gateway" },
    {
      ...{ clock: systemClock, log, accept: (node, channel) => relay.accept(node, channel) },
      isRefused: (identity, serial) => enrolment.isRefused(identity, serial),
      admitted: (identity, serial) => {
        came.push(serial);
        void enrolment.used(identity, serial);
      },
    },
  );
  undo.push(() => lcp.close());
  const url = await serveRoutes(enrolment, { as, host }, undo);
  const token = async (node: Identity = { role: "gateway", id: "pcg-a" }) => {
    const made = newToken({ node, by: "admin" }, Date.now());
    await commits.commit("admin", made.make);
    return made.token;
  };
  return { url, pin, commits, enrolment, lcp, came, token, certify };
}

interface RoutesOptions {
  readonly as: Credentials;
  readonly host: string;
}

async function serveRoutes(enrolment: Enrolment, { as, host }: RoutesOptions, undo: Undo): Promise<string> {
  const https = { cert: as.certificate, key: as.key, ...askForCertificate(as.authority) };
  const server = fastify({ https, forceCloseConnections: true });
  await server.register(enrolRoutes({ enrolment, clock: systemClock, log }));
  await server.listen({ host, port: 0 });
  undo.push(() => server.close());
  return `https://${host}:${(server.server.address() as AddressInfo).port}`;
}

/** The metadata service of an instance at 127.0.0.1, and AWS's key. */
export async function startInstance(its: Manager, instanceId: string, folder: string, undo: Undo): Promise<string> {
  const at = join(folder, instanceId);
  mkdirSync(at);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: at, stdio: "ignore" });
  openssl(..."req -x509 -newkey rsa:2048 -nodes -keyout aws.key -out aws.pem -subj /O=Amazon".split(" "));
  const document = JSON.stringify({
    ...{ accountId: "123456789012", region: "eu-west-1", instanceId, privateIp: "127.0.0.1" },
    pendingTime: new Date().toISOString().replace(/\.\d+/, ""),
  });
  writeFileSync(join(at, "document"), document);
  const how = "cms -sign -binary -nodetach -stream -nocerts -md sha256 -signer aws.pem -inkey aws.key -outform DER";
  openssl(...how.split(" "), "-in", "document", "-out", "signed");
  const regions = { "eu-west-1": readFileSync(join(at, "aws.pem"), "utf8") };
  const config = { regions, accounts: ["123456789012"], networks: ["127.0.0.0/8"] };
  await its.commits.commit("admin", configured(config));
  const answers: Record<string, string> = {
    "PUT /latest/api/token": "token",
    "GET /latest/dynamic/instance-identity/document": document,
    "GET /latest/dynamic/instance-identity/rsa2048": readFileSync(join(at, "signed")).toString("base64"),
  };
  const server = createServer((request, response) => {
    const mayAsk = request.method === "PUT" || request.headers["x-aws-ec2-metadata-token"] === "token";
    const answer = mayAsk ? answers[`${request.method} ${request.url}`] : undefined;
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
