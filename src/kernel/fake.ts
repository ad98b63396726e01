import type { Connection, ConnectionPage, ConnectionsToEnd } from "../model/connection.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import { keyOf, textOf } from "../model/object-text.ts";
import { type Step, subjectOf } from "../model/step.ts";
import type { Flow } from "./flow.ts";
import type { Counters, Features, HostInterface, Kernel, StepResult } from "./kernel.ts";

/** A kernel for tests: a map, and a list of what it was told, as an administrator would write it. */
export class FakeKernel implements Kernel {
  readonly objects = new Map<string, KernelObject>();
  readonly told: string[] = [];
  /** Keys whose steps it refuses. */
  readonly refuses = new Set<string>();
  /** Keys it says yes to and forgets. */
  readonly forgets = new Set<string>();
  #watchers = new Set<() => void>();

  read = async (): Promise<readonly KernelObject[]> => [...this.objects.values()];

  apply = async (steps: readonly Step[]): Promise<readonly StepResult[]> => steps.map((s) => this.#one(s));

  #one(step: Step): StepResult {
    const object = subjectOf(step);
    const key = keyOf(object);
    if (this.refuses.has(key)) return { code: "KERNEL_REFUSED", message: `refused ${key}` };
    this.told.push(`${step.do} ${textOf(object)}`);
    if (step.do === "remove") this.objects.delete(key);
    else if (!this.forgets.has(key)) this.objects.set(key, object);
    return null;
  }

  /** Someone else changes the kernel. */
  disturb(change: (objects: Map<string, KernelObject>) => void): void {
    change(this.objects);
    for (const watcher of this.#watchers) watcher();
  }

  interfaces = async (): Promise<readonly HostInterface[]> => [];
  connectionsNow: Connection[] = [];
  listed = 0;
  readonly ended: ConnectionsToEnd[] = [];
  connections = async (): Promise<ConnectionPage> => {
    this.listed++;
    return { connections: this.connectionsNow, next: null };
  };
  endConnections = async (which: readonly ConnectionsToEnd[]): Promise<void> => void this.ended.push(...which);
  features = async (): Promise<Features> => ({ flowCache: true });
  flows = async (): Promise<readonly Flow[]> => [];
  counters = async (): Promise<Counters> => ({
    drops: {},
    passes: {},
    nat: {},
    firewall: {},
    connections: { now: 0, most: 0 },
    flows: { now: 0, most: 0 },
  });

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => void this.#watchers.delete(onChange);
  }
}
