import type { Clock } from "../../base/clock.ts";
import { type Lease, NEVER } from "../../dhcp/lease.ts";
import type { ReportPiece } from "../../model/report.ts";
import { formatIpv4 } from "../../net/ipv4.ts";

const HOUR_MS = 3_600_000;
/** The last moment that a Date can hold. */
const LAST_DATE_MS = 8.64e15;
/** Renewals are looked for this often. */
const RENEWED_MS = 60_000;

/** Leases as they are reported. Made anew when one has begun or ended; that one was renewed can wait. */
export class LeaseReport {
  readonly #clock: Clock;
  readonly #leases: () => readonly Lease[];
  #pieces: readonly ReportPiece[] = [];
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, leases: () => readonly Lease[]) {
    this.#clock = clock;
    this.#leases = leases;
  }

  /** A lease has begun or ended. */
  changed(): void {
    this.#madeAt = Number.NEGATIVE_INFINITY;
  }

  pieces(): readonly ReportPiece[] {
    if (this.#clock.now() - this.#madeAt < RENEWED_MS) return this.#pieces;
    this.#madeAt = this.#clock.now();
    this.#pieces = this.#leases()
      .filter(({ state }) => state === "bound")
      .map(pieceOf);
    return this.#pieces;
  }
}

const pieceOf = ({ segment, ip, mac, hostname, expires }: Lease): ReportPiece => ({
  type: "lease",
  body: { segment, ip: formatIpv4(ip), mac, ...(hostname !== undefined && { hostname }), until: hourOf(expires) },
});

/** To the hour, so that a lease that is renewed every minute is not news every minute. */
function hourOf(expires: number): string | null {
  const hour = Math.ceil(expires / HOUR_MS) * HOUR_MS;
  return expires === NEVER || hour > LAST_DATE_MS ? null : new Date(hour).toISOString();
}
