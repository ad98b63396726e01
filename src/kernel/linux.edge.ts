import type { Clock } from "../base/clock.ts";
import { messageOf, PcgError } from "../base/error.ts";
import { OVERLAY, OVERLAY_IN } from "../datapath/names.ts";
import type { Connection, ConnectionPage, ConnectionsToEnd } from "../model/connection.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import { type Step, subjectOf } from "../model/step.ts";
import { ownedSysctls } from "../model/sysctl-table.ts";
import type { BpfObjects } from "./bpf-objects.edge.ts";
import { Ctnetlink } from "./ctnetlink.edge.ts";
import type { Flow } from "./flow.ts";
import type { Counters, Features, HostInterface, Kernel, StepResult } from "./kernel.ts";
import { Nftables } from "./libnftables.edge.ts";
import { watchNetlink } from "./netlink-watch.edge.ts";
import { nftObjects, nftTallies } from "./nft-listing.ts";
import { isNft, nftScript } from "./nft-script.ts";
import { OwnChanges } from "./own-changes.ts";
import { linksOf, type OwnUnit } from "./own-unit.ts";
import { RtApply, type RtObject } from "./rt-apply.edge.ts";
import { hostInterfaces, rtObjects } from "./rt-objects.ts";
import { RtNetlink } from "./rtnetlink.edge.ts";
import { readSysctls, sysctlNumber, writeSysctl } from "./sysctl.edge.ts";
import { SysctlWatch } from "./sysctl-watch.edge.ts";
import { countersOf } from "./tally.ts";

/** Connections listed at a time; a little more, as they come some hundred at once. */
const MOST_OF_A_PAGE = 2_048;

/** The kernel of this network namespace. */
export class LinuxKernel implements Kernel {
  readonly #rt = new RtNetlink();
  readonly #rtApply = new RtApply(this.#rt);
  readonly #nft = new Nftables();
  readonly #tracking = new Ctnetlink();
  #listing: Generator<readonly Connection[], undefined> | undefined;
  #listed = 0;
  readonly #bpf: BpfObjects;
  readonly #identify: (found: readonly HostInterface[]) => OwnUnit;
  readonly #sysctlWatch = new SysctlWatch();
  readonly #ownChanges: OwnChanges;
  /** Changes follow one another, whoever asks. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param identify says which of the machine's interfaces are this unit's, by its configuration */
  constructor(identify: (found: readonly HostInterface[]) => OwnUnit, bpf: BpfObjects, clock: Clock) {
    this.#identify = identify;
    this.#bpf = bpf;
    this.#ownChanges = new OwnChanges(clock);
  }

  read = (): Promise<readonly KernelObject[]> =>
    this.#inTurn(async () => {
      const unit = await this.unit();
      const sysctls = ownedSysctls({ ...linksOf(unit), overlay: OVERLAY });
      this.#sysctlWatch.know(sysctls.map(({ name }) => name));
      return [
        ...rtObjects(await this.#dump(), linksOf(unit)),
        ...readSysctls(sysctls),
        ...nftObjects(this.#nft.list(), unit),
        ...this.#bpf.read(await this.#indexes()),
      ];
    });

  /** What this unit is now. */
  unit = async (): Promise<OwnUnit> => this.#identify(await this.interfaces());

  apply = (steps: readonly Step[]): Promise<readonly StepResult[]> =>
    this.#inTurn(async () => {
      try {
        return await this.#ownChanges.during(() => this.#apply(steps));
      } finally {
        if (steps.length > 0) this.#bpf.renewFlows();
        this.#sysctlWatch.know(settingsOf(steps));
      }
    });

  interfaces = async (): Promise<readonly HostInterface[]> =>
    hostInterfaces(await this.#rt.links(), await this.#rt.addresses());

  features = async (): Promise<Features> => ({ flowCache: this.#bpf.canLearn() });

  flows = async (): Promise<readonly Flow[]> => this.#bpf.flows();

  /** A list that was begun and not read to its end stays open until the next begins. */
  connections = async (from: number | null): Promise<ConnectionPage> => {
    if (from === null) {
      this.#listing?.return(undefined);
      this.#listing = this.#tracking.list();
    } else if (from !== this.#listed) throw new PcgError("KERNEL_UNREADABLE", { what: "list of connections", from });
    const connections: Connection[] = [];
    while (connections.length < MOST_OF_A_PAGE) {
      const some = this.#listing?.next();
      if (!some || some.done) return { connections, next: null };
      connections.push(...some.value);
    }
    this.#listed++;
    return { connections, next: this.#listed };
  };

  /** The cache forgets after the connections are gone: a flow learned meanwhile was learned of one that is to end. */
  endConnections = (which: readonly ConnectionsToEnd[]): Promise<void> =>
    this.#inTurn(async () => {
      try {
        for (const each of which) this.#tracking.end(each);
      } finally {
        if (which.length > 0) this.#bpf.renewFlows();
      }
    });

  counters = (): Promise<Counters> =>
    this.#inTurn(async () =>
      countersOf({
        nft: nftTallies(this.#nft.list()),
        bpf: this.#bpf.tallies(),
        connections: {
          now: sysctlNumber("net/netfilter/nf_conntrack_count"),
          most: sysctlNumber("net/netfilter/nf_conntrack_max"),
        },
      }),
    );

  watch(onChange: () => void): () => void {
    const unwatchSysctls = this.#sysctlWatch.watch(() => {
      this.#bpf.renewFlows();
      onChange();
    });
    const watcher = this.#ownChanges.watcher(onChange);
    const unwatchNetlink = watchNetlink(() => {
      this.#bpf.renewFlows();
      watcher.event();
    });
    return () => {
      unwatchSysctls();
      unwatchNetlink();
      watcher.stop();
    };
  }

  async #apply(steps: readonly Step[]): Promise<StepResult[]> {
    const results = new Map<Step, StepResult>();
    const runs = runsOf(steps);
    for (const run of runs) {
      const kind = run[0] && familyOf(subjectOf(run[0]));
      const outcome = await this.#applyRun(kind, run);
      for (const [i, step] of run.entries()) results.set(step, outcome[i] ?? null);
    }
    return steps.map((s) => results.get(s) ?? null);
  }

  async #applyRun(family: Family | undefined, run: readonly Step[]): Promise<StepResult[]> {
    if (family === "nft") return this.#transaction(run);
    if (family === "entries") return this.#bpf.applyEntries(run);
    const results: StepResult[] = [];
    for (const step of run) results.push(await this.#one(step).then(() => null, refusal));
    return results;
  }

  /** All or none: when nft refuses, every step of the transaction is refused with its words. */
  async #transaction(steps: readonly Step[]): Promise<StepResult[]> {
    try {
      this.#nft.run(nftScript(steps, await this.unit()));
      return steps.map(() => null);
    } catch (error) {
      return steps.map(() => refusal(error));
    }
  }

  async #one(step: Step): Promise<void> {
    const object = subjectOf(step);
    if (object.kind === "sysctl") writeSysctl(object.name, step.do === "remove" ? object.restore : object.value);
    else if (object.kind === "bpf-program") this.#bpf.applyProgram(step, await this.#indexes());
    else if (step.do === "change") await this.#rtApply.change(step.from as RtObject, step.to as RtObject);
    else if (step.do === "add") await this.#rtApply.add(object as RtObject);
    else await this.#rtApply.remove(object as RtObject);
  }

  async #dump() {
    return {
      links: await this.#rt.links(),
      addresses: await this.#rt.addresses(),
      routes: await this.#rt.routes(),
      rules: await this.#rt.rules(),
      neighbours: await this.#rt.neighbours(),
      groLimits: await this.#rt.groLimits(),
    };
  }

  async #indexes(): Promise<ReadonlyMap<string, number>> {
    const all = await this.#rt.links();
    const ours = new Set<string>([...Object.values(linksOf(await this.unit())), OVERLAY, OVERLAY_IN]);
    return new Map(
      all.flatMap((l) => (ours.has(l.attrs.ifname ?? "") ? [[l.attrs.ifname ?? "", l.data.index ?? 0] as const] : [])),
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => {});
    return next;
  }
}

/** A link that is made brings its own. */
function settingsOf(steps: readonly Step[]): string[] {
  return steps.map(subjectOf).flatMap((o) => (o.kind === "sysctl" ? [o.name] : []));
}

type Family = "nft" | "entries" | "single";

const familyOf = ({ kind }: KernelObject): Family => {
  if (isNft(kind)) return "nft";
  return kind === "bpf-entry" ? "entries" : "single";
};

/**
 * Steps in runs of one family, order kept, except that all nftables steps are one run at the place of the first: adds
 * and removals of one pass are one transaction.
 */
function runsOf(steps: readonly Step[]): Step[][] {
  const nft = steps.filter((s) => isNft(subjectOf(s).kind));
  const runs: { family: Family; steps: Step[] }[] = [];
  for (const step of steps) {
    const family = familyOf(subjectOf(step));
    const last = runs.at(-1);
    if (family === "nft") {
      if (step === nft[0]) runs.push({ family, steps: nft });
    } else if (last && last.family === family) last.steps.push(step);
    else runs.push({ family, steps: [step] });
  }
  return runs.map((r) => r.steps);
}

const refusal = (error: unknown): StepResult => ({
  code: error instanceof PcgError ? error.code : "KERNEL_REFUSED",
  message: messageOf(error),
});
