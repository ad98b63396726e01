import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Status } from "../../api/status.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { Credentials } from "../../lcp/connect.edge.ts";
import { nameIn, renew } from "../../lcp/enrol/client.edge.ts";
import {
  CREDENTIAL_FILES,
  readCredentials,
  readEnrolled,
  readWholeCredentials,
  writeCredentials,
} from "../../lcp/enrol/credentials.edge.ts";
import { Renewal, type Validity } from "../../lcp/enrol/renewal.ts";
import { fileIdentity } from "./file-identity.edge.ts";

/** How often the folder is looked at: somebody may have enrolled this unit anew. */
const LOOK_MS = 2_000;

interface CertificateWorld {
  readonly clock: Clock;
  readonly log: Log;
  /** There is a new one, on disk and in {@link Certificate.credentials}. */
  renewed(): void;
}

/** By what this unit is known; renewed by itself where it was got by enrolling, and taken anew where somebody changed it. */
export class Certificate {
  readonly #folder: string;
  readonly #renewal: Renewal;
  readonly #world: CertificateWorld;
  #managers: readonly string[];
  #credentials: Credentials;
  /** The files as they were when they were taken. */
  #seen: string;
  /** Why what is there now was not taken. */
  #unusable: string | null = null;

  /** @throws CONFIG_UNREADABLE */
  constructor(folder: string, world: CertificateWorld) {
    this.#folder = folder;
    this.#world = world;
    this.#seen = identityOf(folder);
    this.#credentials = readCredentials(folder);
    this.#managers = readEnrolled(folder)?.managers ?? [];
    this.#renewal = new Renewal(validityOf(this.#credentials, folder), {
      ...{ clock: world.clock, log: world.log, random: Math.random },
      renew: () => (this.#managers.length > 0 ? this.#renew() : undefined),
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
    this.#lookLater();
  }

  #lookLater(): void {
    this.#world.clock.after(LOOK_MS, () => {
      this.#look();
      this.#lookLater();
    });
  }

  /** Takes what somebody else has put there, as if it had been renewed. What cannot be used changes nothing. */
  #look(): void {
    try {
      const now = identityOf(this.#folder);
      if (now === this.#seen) return;
      const [next, enrolled] = [readWholeCredentials(this.#folder), readEnrolled(this.#folder)];
      const validity = validityOf(next, this.#folder);
      this.#seen = now;
      this.#unusable = null;
      this.#managers = enrolled?.managers ?? [];
      if (!isDeepStrictEqual(next, this.#credentials)) this.#take(next, validity);
    } catch (error) {
      const why = messageOf(error);
      if (why !== this.#unusable) this.#world.log.warn("the credentials there are now cannot be used", { why });
      this.#unusable = why;
    }
  }

  #take(next: Credentials, validity: Validity): void {
    this.#credentials = next;
    this.#renewal.replaced(validity);
    const { name, until } = this.status;
    this.#world.log.info("other credentials are there, and are used", { name, until });
    this.#world.renewed();
  }

  /** Any manager will do. @throws what the last one said */
  async #renew(): Promise<Validity> {
    let last: unknown;
    for (const manager of this.#managers) {
      try {
        const before = this.#credentials;
        const next = await renew(manager, before);
        this.#look();
        // Meanwhile somebody has enrolled this unit anew: that is not to be lost.
        if (this.#credentials !== before) return validityOf(this.#credentials, this.#folder);
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

/** Changes when any of the files may have. */
const identityOf = (folder: string) => CREDENTIAL_FILES.map((name) => fileIdentity(join(folder, name))).join(", ");

function validityOf({ certificate }: Credentials, folder: string): Validity {
  try {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    return { from: validFromDate.getTime(), until: validToDate.getTime() };
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file: `${folder}/certificate.pem`, why: messageOf(error) }, error);
  }
}
