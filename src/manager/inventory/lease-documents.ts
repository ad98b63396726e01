import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { ReportBody } from "../../model/report.ts";
import { leaseKey } from "../ccp/document-keys.ts";
import type { Change, Commits } from "../state/documents.ts";

const LEASES = "/leases/";
/** Reports are gathered for so long. */
const GATHER_MS = 1_000;

/** A lease, as far as policy cares: who has the address, and which gateway says so. */
interface LeaseDocument {
  readonly ip: string;
  readonly gateway: string;
}

export interface LeaseDocumentsWorld {
  readonly commits: Commits;
  readonly clock: Clock;
  readonly log: Log;
  /** Of a gateway that is connected; undefined while it is not, and what it said counts. */
  leasesOf(gateway: string): readonly ReportBody<"lease">[] | undefined;
}

/** Keeps documents of the leases that gateways report, so that a group knows the addresses its VMs were given. */
export class LeaseDocuments {
  readonly #world: LeaseDocumentsWorld;
  readonly #waiting = new Set<string>();
  #isDue = false;

  constructor(world: LeaseDocumentsWorld) {
    this.#world = world;
  }

  /** A gateway has said something. */
  heard(gateway: string): void {
    this.#waiting.add(gateway);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#world.clock.after(GATHER_MS, () => void this.#write());
  }

  async #write(): Promise<void> {
    this.#isDue = false;
    const gateways = [...this.#waiting];
    this.#waiting.clear();
    const { commits, log, leasesOf } = this.#world;
    for (const gateway of gateways) {
      const leases = leasesOf(gateway);
      if (!leases) continue;
      try {
        await commits.commit(`gateway ${gateway}`, reported(gateway, leases));
      } catch (error) {
        log.warn("leases are not written down yet", { gateway, why: messageOf(error) });
        this.heard(gateway);
      }
    }
  }
}

/** What a gateway says now takes the place of what it said; what another says stays. */
export const reported =
  (gateway: string, leases: readonly ReportBody<"lease">[]): Change =>
  (documents) => {
    const now = new Map(leases.map(({ segment, mac, ip }) => [leaseKey(segment, mac), ip]));
    const gone = [...documents.under(LEASES)].filter(
      ([key, value]) => (value as LeaseDocument).gateway === gateway && !now.has(key),
    );
    const here = [...now].filter(([key, ip]) => (documents.get(key) as LeaseDocument | undefined)?.ip !== ip);
    return new Map<string, unknown>([
      ...gone.map(([key]) => [key, undefined] as const),
      ...here.map(([key, ip]) => [key, { ip, gateway } satisfies LeaseDocument] as const),
    ]);
  };
