import { X509Certificate } from "node:crypto";
import type { Status } from "../../api/status.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { nameIn, renew } from "../../lcp/enrol/client.edge.ts";
import { readCredentials, readEnrolled, writeCredentials } from "../../lcp/enrol/credentials.edge.ts";
import { Renewal, type Validity } from "../../lcp/enrol/renewal.ts";

interface CertificateWorld {
  readonly clock: Clock;
  readonly log: Log;
  /** There is a new one, on disk and in {@link Certificate.credentials}. */
  renewed(): void;
}

/** By what this unit is known; renewed by itself where it was got by enrolling. */
export class Certificate {
  readonly #folder: string;
  readonly #managers: readonly string[];
  readonly #renewal: Renewal;
  readonly #world: CertificateWorld;
  #credentials: Credentials;

  /** @throws CONFIG_UNREADABLE */
  constructor(folder: string, world: CertificateWorld) {
    this.#folder = folder;
    this.#world = world;
    this.#credentials = readCredentials(folder);
    this.#managers = readEnrolled(folder)?.managers ?? [];
    this.#renewal = new Renewal(validityOf(this.#credentials, folder), {
      ...{ clock: world.clock, log: world.log, random: Math.random },
      renew: this.#managers.length > 0 ? () => this.#renew() : undefined,
    });
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  get status(): NonNullable<Status["certificate"]> {
    const name = nameIn(this.#credentials) ?? null;
    return { name, renews: this.#managers.length > 0, ...this.#renewal.status };
  }

  start(): void {
    this.#renewal.start();
  }

  /** Any manager will do. @throws what the last one said */
  async #renew(): Promise<Validity> {
    let last: unknown;
    for (const manager of this.#managers) {
      try {
        const next = await renew(manager, this.#credentials);
        writeCredentials(this.#folder, next);
        this.#credentials = next;
        this.#world.renewed();
        return validityOf(next, this.#folder);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }
}

function validityOf({ certificate }: Credentials, folder: string): Validity {
  try {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    return { from: validFromDate.getTime(), until: validToDate.getTime() };
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file: `${folder}/certificate.pem`, why: messageOf(error) }, error);
  }
}
