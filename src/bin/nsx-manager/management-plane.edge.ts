import packageJson from "../../../package.json" with { type: "json" };
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import type { Compiler } from "../../manager/ccp/compiler.ts";
import { askForCertificate, enrolRoutes } from "../../manager/enrol/enrol-routes.edge.ts";
import type { Enrolment } from "../../manager/enrol/enrolment.ts";
import { NodeDesk } from "../../manager/enrol/node-desk.ts";
import type { Access } from "../../manager/http/access.ts";
import { AuditFile } from "../../manager/http/audit-file.edge.ts";
import { serveManagerApi } from "../../manager/http/server.edge.ts";
import type { Store } from "../../manager/ledger/open-ledger.edge.ts";
import { Cluster } from "../../manager/ports/cluster-port.ts";
import { gatewaysPort } from "../../manager/ports/gateways-port.ts";
import { policyPort } from "../../manager/ports/policy-port.ts";
import { portStatePort } from "../../manager/ports/port-state-port.ts";
import { realizationWorld } from "../../manager/ports/realization-world.ts";
import { realizedPort } from "../../manager/ports/realized-port.ts";
import type { Reports } from "../../manager/reports/reports.ts";
import type { Book } from "../../manager/state/book.ts";
import type { Endpoint } from "./options.ts";

export interface ManagementPlaneParts {
  readonly at: Endpoint;
  readonly as: Credentials;
  readonly book: Book<Compiler>;
  readonly store: Store;
  readonly access: Access;
  readonly enrolment: Enrolment;
  readonly reports: Reports;
  /** This manager's name among those over one store, and where its API is. */
  readonly name: string;
  readonly address: string;
  /** The folder of its audit log. */
  readonly audit: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves the API. @throws MANAGER_STORE, or where the port is not to be had */
export async function serveApi(parts: ManagementPlaneParts) {
  const { at, as, book, store, access, enrolment, reports, name, address, clock, log } = parts;
  const audit = await AuditFile.open({ directory: parts.audit });
  const cluster = new Cluster({ commits: book, leases: store.leases, clock, log, name, address });
  await cluster.start();
  const documents = () => book.documents;
  const realization = realizationWorld(book, reports, book.at);
  const ports = {
    policy: policyPort(book, clock),
    reports: gatewaysPort(reports, documents),
    nodes: new NodeDesk(book),
    realized: realizedPort(documents, realization),
    portState: portStatePort({ realization, documents, agents: (gateway) => reports.agents(gateway) }),
    cluster: () => cluster.status(),
    trouble: store.trouble,
  };
  const server = await serveManagerApi(
    {
      ...at,
      ...shown(as),
      version: packageJson.version,
      tls: askForCertificate(as.authority),
      plugins: [enrolRoutes({ enrolment, clock, log })],
    },
    { ports, access, audit, clock, log },
  );
  return {
    renew: (next: Credentials) => server.renew(shown(next)),
    close: async () => {
      await Promise.allSettled([cluster.stop(), server.close()]);
      await audit.close();
    },
  };
}

/** With the root, so that who has only its pin can get it. */
const shown = ({ certificate, key, authority }: Credentials) => ({ certificate: certificate + authority, key });
