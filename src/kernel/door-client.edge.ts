import { connect, type Socket } from "node:net";
import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import type { ConnectionPage, ConnectionsToEnd } from "../model/connection.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import type { Step } from "../model/step.ts";
import { type Answer, Credits, Lines, MOST_ANSWER_BYTES, NO_REQUEST, type Verb } from "./door-protocol.ts";
import type { Flow } from "./flow.ts";
import type { Counters, Features, HostInterface, Kernel, StepResult } from "./kernel.ts";

const RECONNECT_MS = 200;

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The kernel as pcg-kernel serves it. While pcg-kernel is away requests fail with KERNEL_DOOR_CLOSED; when it is back,
 * watchers are called, as anything may have changed meanwhile.
 */
export class DoorClient implements Kernel {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #told: (event: "closed" | "open") => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Set<() => void>();
  #socket: Socket | undefined;
  #next = 1;
  #closed = false;
  #cancelReconnect: () => void = () => {};

  /** @param told of the door closing, which was open, and of it being open (again) */
  constructor(path: string, clock: Clock, told: (event: "closed" | "open") => void = () => undefined) {
    this.#path = path;
    this.#told = told;
    this.#clock = clock;
    this.#open();
  }

  read = (): Promise<readonly KernelObject[]> => this.#ask("read");
  apply = (steps: readonly Step[]): Promise<readonly StepResult[]> => this.#ask("apply", { steps });
  interfaces = (): Promise<readonly HostInterface[]> => this.#ask("interfaces");
  counters = (): Promise<Counters> => this.#ask("counters");
  features = (): Promise<Features> => this.#ask("features");
  flows = (): Promise<readonly Flow[]> => this.#ask("flows");
  connections = (from: number | null): Promise<ConnectionPage> => this.#ask("connections", { from });
  endConnections = (which: readonly ConnectionsToEnd[]): Promise<void> => this.#ask("end", { which });

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => void this.#watchers.delete(onChange);
  }

  close(): void {
    this.#closed = true;
    this.#cancelReconnect();
    this.#socket?.destroy();
  }

  #ask<T>(verb: Verb, about: object = {}): Promise<T> {
    const socket = this.#socket;
    if (!socket) return Promise.reject(new PcgError("KERNEL_DOOR_CLOSED", { socket: this.#path }));
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ id, verb, ...about })}\n`);
    });
  }

  #open(): void {
    const socket = connect(this.#path);
    const credits = new Credits(MOST_ANSWER_BYTES);
    const onLine = (line: string, bytes: number) => {
      credits.give(bytes);
      this.#hear(JSON.parse(line));
    };
    const answers = new Lines({ onLine, onTooLong: () => socket.destroy(), credits });
    socket.on("data", (chunk) => answers.feed(chunk));
    socket.on("error", () => {});
    socket.on("connect", () => {
      this.#socket = socket;
      this.#told("open");
      void this.#ask("watch").catch(() => {});
      this.#changed();
    });
    socket.on("close", () => {
      if (this.#socket && !this.#closed) this.#told("closed");
      this.#socket = undefined;
      this.#fail(new PcgError("KERNEL_DOOR_CLOSED", { socket: this.#path }));
      if (!this.#closed) this.#cancelReconnect = this.#clock.after(RECONNECT_MS, () => this.#open());
    });
  }

  #hear(answer: Answer): void {
    if ("changed" in answer) {
      this.#changed();
      return;
    }
    if (answer.id === NO_REQUEST && "error" in answer) {
      this.#fail(new PcgError("KERNEL_DOOR_FULL", answer.error));
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new PcgError("KERNEL_REFUSED", answer.error));
    else waiting?.resolve(answer.result as never);
  }

  #fail(error: PcgError): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
