import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import packageJson from "../../../package.json" with { type: "json" };
import { PcgError } from "../../base/error.ts";
import { stderrLog as log } from "../../base/stderr-log.edge.ts";
import { systemClock as clock } from "../../base/system-clock.edge.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { pinOf } from "../../lcp/enrol/pin.ts";
import { serve } from "../../lcp/serve.edge.ts";
import { Compiler } from "../../manager/ccp/compiler.ts";
import { authorityIn, ensureAuthority } from "../../manager/enrol/authority-document.ts";
import { askForCertificate, enrolRoutes } from "../../manager/enrol/enrol-routes.edge.ts";
import { Enrolment } from "../../manager/enrol/enrolment.ts";
import { NodeDesk } from "../../manager/enrol/node-desk.ts";
import { ownCredentials } from "../../manager/enrol/own-credentials.ts";
import { GatewayService } from "../../manager/gateways/gateway-service.ts";
import { Access } from "../../manager/http/access.ts";
import { AuditFile } from "../../manager/http/audit-file.edge.ts";
import { serveManagerApi } from "../../manager/http/server.edge.ts";
import { LeaseDocuments } from "../../manager/inventory/lease-documents.ts";
import { openLedger } from "../../manager/ledger/open-ledger.edge.ts";
import { ClaimIndex } from "../../manager/policy/claim-index.ts";
import { idIn, type ObjectOf } from "../../manager/policy/kinds.ts";
import { Cluster, clusterId } from "../../manager/ports/cluster-port.ts";
import { gatewaysPort } from "../../manager/ports/gateways-port.ts";
import { policyPort } from "../../manager/ports/policy-port.ts";
import { realizedPort } from "../../manager/ports/realized-port.ts";
import { Reports } from "../../manager/reports/reports.ts";
import { Book } from "../../manager/state/book.ts";
import type { Documents } from "../../manager/state/documents.ts";
import type { RunOptions } from "./options.ts";
import { OwnFiles } from "./own-files.edge.ts";
import { LIFE_MS, renewAll } from "./renewal.ts";

const AUTHORITY_NAME = "nsx-manager";

/** What takes longer to end, such as a change that waits for a store that is away, is not waited for. */
const END_MS = 5_000;

/** Serves until it is told to stop. @returns the exit status */
export async function run(options: RunOptions): Promise<number> {
  const files = new OwnFiles(options.state);
  const [api, controller] = [endpointOf("listen", options.listen), endpointOf("controller", options.controller)];
  const { ledger, leases, trouble } = openLedger(options.store, { clock, log });
  const ended = Promise.withResolvers<number>();
  const book = await openBook(ledger, (why) => {
    log.error("what this manager knows is out of date: it starts again", { why });
    ended.resolve(1);
  });
  await firstStart(book, files);
  const instance = await clusterId(book);
  const random = Math.random;
  const enrolment = new Enrolment({ commits: book, clock, log });
  const reports = new Reports({ clock, random, log });
  const gateways = new GatewayService({
    book,
    instance,
    clock,
    random,
    log,
    tier0Of: (id) => tier0Of(book.documents, id),
  });
  const leaseDocuments = new LeaseDocuments({
    ...{ commits: book, clock, log },
    leasesOf: (gateway) => (reports.isConnected(gateway) ? reports.leases(gateway) : undefined),
  });
  reports.listen((gateway) => leaseDocuments.heard(gateway));

  const hosts = [...new Set([...options.name, hostname(), "localhost", "127.0.0.1"])];
  const grant = { identity: { role: "manager", id: options.id }, hosts, forMs: LIFE_MS } as const;
  const makeCredentials = () => ownCredentials(book.documents, grant, clock.wall());
  const as = await makeCredentials();
  const lcp = await serve(
    { ...controller, as, role: "gateway" },
    {
      ...{ clock, log },
      accept: gateways.accept.bind(gateways),
      acceptReports: reports.accept.bind(reports),
      isRefused: enrolment.isRefused.bind(enrolment),
      admitted: (identity, serial) => void enrolment.used(identity, serial),
    },
  );
  const audit = await AuditFile.open({ directory: files.path("audit") });
  const cluster = new Cluster({
    commits: book,
    leases,
    clock,
    log,
    name: hosts[0] ?? options.id,
    address: options.listen,
  });
  await cluster.start();
  const ports = {
    policy: policyPort(book),
    reports: gatewaysPort(reports, () => book.documents),
    nodes: new NodeDesk(book),
    realized: realizedPort(book, reports, book.at),
    cluster: () => cluster.status(),
    trouble,
  };
  const access = accessTo(book);
  const server = await serveManagerApi(
    {
      ...api,
      version: packageJson.version,
      ...certificateOf(as),
      tls: askForCertificate(as.authority),
      plugins: [enrolRoutes({ enrolment, clock, log })],
    },
    { ports, access, audit, clock, log },
  );
  const stopRenewing = renewAll({ clock, log }, makeCredentials, (next) => {
    lcp.renew(next);
    server.renew(certificateOf(next));
  });
  log.info("nsx-manager serves", { api: options.listen, gateways: options.controller, store: options.store });

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ended.resolve(0));
  const status = await ended.promise;
  stopRenewing();
  gateways.stop();
  reports.stop();
  await inTime(Promise.allSettled([cluster.stop(), server.close(), lcp.close()]));
  await inTime(book.close());
  await Promise.allSettled([audit.close(), ledger.close()]);
  return status;
}

async function inTime(ending: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(END_MS, late.resolve);
  await Promise.race([ending, late.promise]).finally(cancel);
}

async function openBook(ledger: Parameters<typeof Book.open>[0]["ledger"], lost: (why: string) => void) {
  let claims: ClaimIndex | undefined;
  const compile = (documents: Documents) => {
    claims = ClaimIndex.over(documents);
    return new Compiler(documents);
  };
  return Book.open({ ledger, clock, log, compile, lost, reader: ({ keys }) => claims?.changed(keys) });
}

const accessTo = (commits: Book<Compiler>) =>
  new Access({ commits, wall: () => clock.wall(), random: (bytes) => randomBytes(bytes) });

/** What must be there before anybody can ask: an authority, and a token for the first administrator. */
async function firstStart(book: Book<Compiler>, files: OwnFiles): Promise<void> {
  const makeRoot = (keep: (key: string) => void) =>
    ensureAuthority(book, AUTHORITY_NAME, clock.wall(), ({ key }) => keep(key));
  if (await files.keep("root.key", makeRoot))
    log.info("a root was made: take its key away and lock it up", { file: files.path("root.key") });
  const { root: certificate } = authorityIn(book.documents);
  files.write("authority.pem", certificate, { isSecret: false });
  files.write("pin", pinOf(certificate), { isSecret: false });
  if (await files.keep("admin.token", (keep) => accessTo(book).first(keep)))
    log.info("an administrator's token was made", { file: files.path("admin.token") });
}

/** The API shows the root as well, so that who has only its pin can get it. */
const certificateOf = ({ certificate, key, authority }: Credentials) => ({
  certificate: certificate + authority,
  key,
});

function tier0Of(documents: Documents, gateway: string): string | undefined {
  const found = documents.get(`/infra/gateways/${gateway}`) as ObjectOf<"PublicCloudGateway"> | undefined;
  return found && idIn(found.tier0_path);
}

/** @throws CONFIG_REFUSED */
function endpointOf(option: string, text: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== "" && Number(port) < 65_536) return { host, port: Number(port) };
  throw new PcgError("CONFIG_REFUSED", { field: `--${option}`, value: text, why: "must be HOST:PORT" });
}
