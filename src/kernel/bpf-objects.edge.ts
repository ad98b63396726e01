import { messageOf, PcgError } from "../base/error.ts";
import { encodeKey, encodeValue, type MapName, maps } from "../datapath/bpf/layouts.ts";
import { passes } from "../datapath/bpf/passes.ts";
import { type Direction, type Place, type ProgramName, programs } from "../datapath/bpf/programs.ts";
import { drops } from "../datapath/drops.ts";
import { OVERLAY, OVERLAY_IN } from "../datapath/names.ts";
import type { KernelObject, ObjectOf } from "../model/kernel-object.ts";
import { type Step, subjectOf } from "../model/step.ts";
import type { Bpf } from "./bpf.edge.ts";
import { type Flow, type FlowMoment, flowOf, isCurrent } from "./flow.ts";
import { flowCounters } from "./flow-counters.ts";
import type { StepResult, Tally } from "./kernel.ts";
import type { OwnedLinks } from "./own-unit.ts";

/** Maps that hold what is wished; `gateway` is an array, so its one entry is never absent but all zero. */
const wishMaps: readonly MapName[] = [
  "gateway",
  "endpoints",
  "members",
  "teps",
  "segment_teps",
  "segments",
  "canonical_in",
  "canonical_out",
  "uplink_own",
  "sources",
];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const isZero = (value: string) => /^0*$/.test(value);

/** Our eBPF programs and map entries as kernel objects. */
export class BpfObjects {
  readonly #bpf: Bpf;
  readonly #links: OwnedLinks;
  readonly #monotonic: () => bigint;

  /** @param monotonic CLOCK_MONOTONIC in ns */
  constructor(bpf: Bpf, links: OwnedLinks, monotonic: () => bigint = process.hrtime.bigint) {
    this.#bpf = bpf;
    this.#links = links;
    this.#monotonic = monotonic;
  }

  read(indexes: ReadonlyMap<string, number>): KernelObject[] {
    return [...this.#programs(indexes), ...this.#entries()];
  }

  /** Entries of one map at a time, many at once. */
  applyEntries(steps: readonly Step[]): StepResult[] {
    const results = new Map<Step, StepResult>();
    const groups = Map.groupBy(steps, (s) => `${(subjectOf(s) as ObjectOf<"bpf-entry">).map} ${s.do === "remove"}`);
    for (const group of groups.values()) {
      const result = this.#applyGroup(group);
      for (const step of group) results.set(step, result);
    }
    return steps.map((s) => results.get(s) ?? null);
  }

  applyProgram(step: Step, indexes: ReadonlyMap<string, number>): void {
    const { link, direction, place, program } = subjectOf(step) as ObjectOf<"bpf-program">;
    const index = indexes.get(link);
    if (step.do === "remove") {
      if (index !== undefined) this.#bpf.detach(index, direction as Direction, place as Place);
      return;
    }
    if (index === undefined) throw new PcgError("INTERFACE_MISSING", { name: link });
    this.#tellDevices(indexes);
    this.#bpf.attach(index, direction as Direction, program as ProgramName);
    this.#bpf.prune();
  }

  tallies() {
    const flows = this.#bpf.entries("flows");
    const moment = this.#moment();
    return {
      drops: this.#tally("drops", Object.keys(drops)),
      passes: this.#tally("passes", Object.keys(passes)),
      flows: flowCounters(this.#bpf.entries("flow_counters"), flows),
      living: { now: flows.filter(([, value]) => isCurrent(value, moment)).length, most: maps.flows.entries },
    };
  }

  flows(): Flow[] {
    const moment = this.#moment();
    return this.#bpf.entries("flows").map((entry) => flowOf(entry, moment));
  }

  #moment = (): FlowMoment => ({ generation: this.#bpf.flowGeneration(), now: this.#monotonic() });

  canLearn = (): boolean => this.#bpf.canLearn();

  /** After any change, whoever made it: what the flow cache repeats may no longer be so. */
  renewFlows = (): void => this.#bpf.renewFlows();

  #programs(indexes: ReadonlyMap<string, number>): KernelObject[] {
    return Object.values(programs).flatMap(({ on, direction, place }): KernelObject[] => {
      const link = { ...this.#links, overlay: OVERLAY }[on];
      const index = indexes.get(link);
      const attached = index === undefined ? undefined : this.#bpf.attached(index, direction, place);
      return attached ? [{ kind: "bpf-program", link, direction, place, program: attached }] : [];
    });
  }

  #entries(): KernelObject[] {
    return wishMaps.flatMap((map) =>
      this.#bpf.entries(map).flatMap(([key, value]): KernelObject[] => {
        const entry: ObjectOf<"bpf-entry"> = { kind: "bpf-entry", map, key: hex(key), value: hex(value) };
        return maps[map].type === "ARRAY" && isZero(entry.value) ? [] : [entry];
      }),
    );
  }

  #applyGroup(steps: readonly Step[]): StepResult {
    const entries = steps.map((s) => subjectOf(s) as ObjectOf<"bpf-entry">);
    const map = entries[0]?.map as MapName;
    try {
      if (steps[0]?.do !== "remove")
        this.#bpf.update(
          map,
          entries.map((e) => [bytes(e.key), bytes(e.value)] as const),
        );
      else if (maps[map].type === "ARRAY")
        this.#bpf.update(
          map,
          entries.map((e) => [bytes(e.key), new Uint8Array(e.value.length / 2)] as const),
        );
      else
        this.#bpf.remove(
          map,
          entries.map((e) => bytes(e.key)),
        );
      return null;
    } catch (error) {
      return { code: "KERNEL_REFUSED", message: messageOf(error) };
    }
  }

  /** The programs redirect by interface index, which only this process knows. */
  #tellDevices(indexes: ReadonlyMap<string, number>): void {
    const index = (name: string) => indexes.get(name) ?? 0;
    const value = {
      uplink: index(this.#links.uplink),
      downlink: index(this.#links.downlink),
      overlay: index(OVERLAY),
      overlayIn: index(OVERLAY_IN),
    };
    this.#bpf.update("devices", [[encodeKey("devices", { index: 0 }), encodeValue("devices", value)]]);
  }

  #tally(map: "drops" | "passes", names: readonly string[]): Record<string, Tally> {
    const rows = this.#bpf.counters(map);
    return Object.fromEntries(names.map((name, i) => [name, rows[i] ?? { packets: 0, bytes: 0 }]));
  }
}
