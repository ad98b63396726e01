import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { serve } from "../../lcp/serve.edge.ts";
import type { Compiler } from "../../manager/ccp/compiler.ts";
import type { Enrolment } from "../../manager/enrol/enrolment.ts";
import { GatewayService } from "../../manager/gateways/gateway-service.ts";
import { LeaseDocuments } from "../../manager/inventory/lease-documents.ts";
import { idIn, type ObjectOf } from "../../manager/policy/kinds.ts";
import { clusterId } from "../../manager/ports/cluster-port.ts";
import { Reports } from "../../manager/reports/reports.ts";
import type { Book } from "../../manager/state/book.ts";
import type { Documents } from "../../manager/state/documents.ts";
import type { Endpoint } from "./options.ts";

export interface ControlPlaneParts {
  readonly at: Endpoint;
  readonly as: Credentials;
  readonly book: Book<Compiler>;
  readonly enrolment: Enrolment;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tells gateways what they are to be, and hears how far they have come. @throws where the port is not to be had */
export async function serveGateways({ at, as, book, enrolment, clock, log }: ControlPlaneParts) {
  const random = Math.random;
  const instance = await clusterId(book);
  const tier0Of = (gateway: string) => tier0In(book.documents, gateway);
  const gateways = new GatewayService({ book, instance, clock, random, log, tier0Of });
  const reports = new Reports({ clock, random, log });
  const leasesOf = (gateway: string) => (reports.isConnected(gateway) ? reports.leases(gateway) : undefined);
  const leaseDocuments = new LeaseDocuments({ commits: book, clock, log, leasesOf });
  reports.listen((gateway) => leaseDocuments.heard(gateway));
  const serving = await serve(
    { ...at, as, role: "gateway" },
    {
      ...{ clock, log },
      accept: gateways.accept.bind(gateways),
      acceptReports: reports.accept.bind(reports),
      isRefused: enrolment.isRefused.bind(enrolment),
      admitted: (identity, serial) => void enrolment.used(identity, serial),
    },
  );
  return {
    reports,
    renew: serving.renew,
    close: () => {
      gateways.stop();
      reports.stop();
      return serving.close();
    },
  };
}

function tier0In(documents: Documents, gateway: string): string | undefined {
  const found = documents.get(`/infra/gateways/${gateway}`) as ObjectOf<"PublicCloudGateway"> | undefined;
  return found && idIn(found.tier0_path);
}
