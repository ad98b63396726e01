import type { Clock } from "../../base/clock.ts";
import { messageOf, PcgError } from "../../base/error.ts";
import type { Log } from "../../base/log.ts";
import type { AuditFact, AuditLog } from "./audit.ts";

/**
 * Nothing is changed that cannot be accounted for: after an entry that could not be written, changes are refused until
 * one can be.
 */
export class AuditTrail {
  readonly #to: AuditLog;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Facts that are in the manager's log instead. */
  #missing = 0;

  constructor(to: AuditLog, clock: Clock, log: Log) {
    this.#to = to;
    this.#clock = clock;
    this.#log = log;
  }

  /** Before a change. @throws MANAGER_STORE */
  async mayChange(): Promise<void> {
    if (this.#missing === 0) return;
    const missing = this.#missing;
    try {
      await this.#to.append(this.#gap(missing));
      this.#missing -= missing;
    } catch (error) {
      throw new PcgError("MANAGER_STORE", { why: "changes cannot be written to the audit log" }, error);
    }
  }

  /** After a change or an attempt. What is done is done: it does not fail. */
  async record(fact: Omit<AuditFact, "time">): Promise<void> {
    try {
      await this.#to.append({ time: this.#now(), ...fact });
    } catch (error) {
      this.#missing++;
      this.#log.error("cannot write to the audit log", { why: messageOf(error), ...fact });
    }
  }

  #gap(missing: number): AuditFact {
    const nobody = { who: null, role: null, from: "", method: "", code: "AUDIT_GAP" };
    return { time: this.#now(), ...nobody, path: `${missing} entries are missing here`, status: 0, reference: "" };
  }

  #now(): string {
    return new Date(this.#clock.wall()).toISOString();
  }
}
