import koffi from "koffi";
import type { Clock } from "./clock.ts";

/**
 * What the service manager is told, as sd_notify(3) describes it: that this service serves, how it is, that it still turns,
 * that it goes. Nothing at all, and nothing loaded, where no service manager asked (no NOTIFY_SOCKET).
 */
export class ServiceManager {
  readonly #clock: Clock;
  readonly #send: ((state: string) => void) | undefined;
  #quiet: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#send = process.env["NOTIFY_SOCKET"] ? openSender() : undefined;
  }

  /**
   * It serves. From now on the watchdog hears from the event loop, twice in its time, and with each beat how things are.
   * @param status one line for `systemctl status`
   */
  ready(status: () => string): void {
    if (!this.#send) return;
    this.#send(`READY=1\n${statusLine(status())}`);
    const beatMs = watchdogMs() / 2;
    if (beatMs > 0) this.#beatEvery(beatMs, status);
  }

  /** How it is, before it serves too. */
  status(text: string): void {
    this.#send?.(statusLine(text));
  }

  stopping(): void {
    this.#quiet();
    this.#send?.("STOPPING=1");
  }

  #beatEvery(ms: number, status: () => string): void {
    this.#quiet = this.#clock.after(ms, () => {
      this.#send?.(`WATCHDOG=1\n${statusLine(status())}`);
      this.#beatEvery(ms, status);
    });
  }
}

function openSender(): (state: string) => void {
  const sdNotify = koffi.load("libsystemd.so.0").func("int sd_notify(int unset, const char *state)");
  // What cannot be told is not told: the manager notices by itself, and there is nobody else to complain to.
  return (state) => void sdNotify(0, state);
}

/** Within how long the service manager wants to hear something; 0: it does not. */
function watchdogMs(): number {
  const { WATCHDOG_USEC: micros, WATCHDOG_PID: pid = `${process.pid}` } = process.env;
  return pid === `${process.pid}` ? Number(micros ?? 0) / 1_000 : 0;
}

/** A line break would end the field and begin another. */
const statusLine = (text: string) => `STATUS=${text.replaceAll(/\s+/g, " ")}`;
