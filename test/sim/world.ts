import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { limitSnapshots } from "../../src/lcp/admission.ts";
import { Follower, type HeldStore } from "../../src/lcp/follower.ts";
import { after, type Position, resumedAt, START } from "../../src/lcp/position.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { idOf, type Resource, type ResourceId, type ResourceType, textOf } from "../../src/lcp/resource.ts";
import { type Commit, type Held, NOTHING_HELD } from "../../src/lcp/subscription.ts";
import { Reports } from "../../src/manager/reports/reports.ts";
import { Network } from "./network.ts";
import { Reporting } from "./reporting.ts";
import { type Body, GATEWAYS, type History, judge, must, references, shareOf, type Table } from "./state.ts";

export const AGENTS = ["vm-1", "vm-2", "vm-3", "vm-4"] as const;

/** So few at once that receivers wait for one another. */
const LIMITS = { most: 1, perSecond: 2, retryMs: [5_000, 60_000] } as const;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** As many as the names there are. */
const MOST_RESOURCES = 2 * 32;

/** Of two segments, each with a rule, and a port of each agent on one of them. */
const beginning = () => [
  ...[0, 1].flatMap((n) => [
    { type: "tep", key: `${n}`, body: { value: 0 } } as const,
    { type: "segment", key: `${n}`, body: { value: 0 } } as const,
    { type: "group", key: `${n}`, body: { value: 0 } } as const,
    { type: "rule", key: `${n}`, body: { value: 0, segment: n, group: n } } as const,
  ]),
  ...AGENTS.map((agent, n) => {
    const body = { value: 0, segment: n % 2, tep: n % 2, agent };
    return { type: "port", key: `${n}`, body } as const;
  }),
];

/** The controller: it says what is true, and can be put back to what was. */
class Origin {
  readonly world: World;
  table = new Map<ResourceId, Resource>();
  at: Position;
  server!: RelayServer;
  reports!: Reports;
  backup: { table: Table; at: Position };

  constructor(world: World) {
    this.world = world;
    this.at = resumedAt(START, world.clock.wall());
    this.backup = { table: new Map(), at: this.at };
    this.change([{ type: "gateway", key: "g", body: { value: 0 } }, ...beginning()], []);
    this.start();
  }

  start(): void {
    this.at = resumedAt(this.at, this.world.clock.wall());
    this.world.history.set(this.at, new Map(this.table));
    const upstream = {
      held: (): Held => ({ instance: "ccp", at: this.at, resources: this.table }),
      behind: (receiver: Position) => {
        this.at = after(receiver);
        this.world.history.set(this.at, new Map(this.table));
        this.server.committed({ instance: "ccp", at: this.at, upserts: [], deletes: [] });
      },
    };
    const { clock, random } = this.world;
    const relay = this.world.relay(upstream, limitSnapshots(clock, random, LIMITS));
    this.server = new RelayServer(relay, clock, silent);
    this.reports = new Reports({ clock, random, log: silent, most: MOST_RESOURCES });
    this.reports.listen((gateway) => this.world.nodes.find(({ name }) => name === gateway)?.reporting?.inspect());
  }

  change(upserts: readonly { type: ResourceType; key: string; body: Body }[], deletes: readonly ResourceId[]): void {
    this.at = after(this.at);
    const made = upserts.map((one): Resource => ({ ...one, version: this.at }));
    for (const resource of made) {
      this.table.set(idOf(resource), resource);
      this.world.said.add(textOf(resource));
    }
    for (const id of deletes) this.table.delete(id);
    this.world.history.set(this.at, new Map(this.table));
    this.server?.committed({ instance: "ccp", at: this.at, upserts: made, deletes });
  }

  keepBackup(): void {
    this.backup = { table: new Map(this.table), at: this.at };
  }

  restart(): void {
    this.server.stop();
    this.reports.stop();
    this.start();
  }

  /** Nobody does it within a second. */
  restore(): void {
    this.world.clock.advance(1_000);
    this.table = new Map(this.backup.table);
    this.at = this.backup.at;
    this.restart();
  }
}

/** A disk: what was committed is there after a crash; a commit under way may or may not be. */
class Disk implements HeldStore {
  held: Held = NOTHING_HELD;
  fails = false;

  load(): Held {
    return { ...this.held, resources: new Map(this.held.resources) };
  }

  commit({ instance, at, upserts, deletes }: Commit): void {
    if (this.fails) throw new Error("no space left on device");
    const resources = new Map(this.held.resources);
    for (const resource of upserts) resources.set(idOf(resource), resource);
    for (const id of deletes) resources.delete(id);
    this.held = { instance, at, resources };
  }
}

/** A gateway or an agent. */
export class Node {
  readonly name: string;
  readonly world: World;
  readonly disk = new Disk();
  upstream: string;
  follower: Follower | undefined;
  server: RelayServer | undefined;
  /** A gateway's. */
  readonly reporting: Reporting | undefined;

  constructor(world: World, name: string, upstream: string) {
    this.world = world;
    this.name = name;
    this.upstream = upstream;
    if ((GATEWAYS as readonly string[]).includes(name)) this.reporting = new Reporting(world, name);
  }

  start(): void {
    if (this.follower) return;
    const { clock, random } = this.world;
    const follower = new Follower({
      ...{ clock, random, log: silent, store: this.disk, judge },
      connect: (events) => this.world.connect(this, events),
      committed: (commit) => this.#committed(commit),
      reached: () => this.reporting?.reachable(),
    });
    this.follower = follower;
    this.#inspect(this.disk.held.at);
    if (this.reporting) {
      const upstream = { held: () => follower.held, behind: () => undefined };
      this.server = new RelayServer(this.world.relay(upstream, limitSnapshots(clock, random, LIMITS)), clock, silent);
    }
    follower.start();
    this.reporting?.start(() => follower.hurry(this.upstream));
  }

  crash(): void {
    this.follower?.stop();
    this.follower = undefined;
    this.server?.stop();
    this.server = undefined;
    this.reporting?.crash();
  }

  /** @param behindMs from now on its clock is behind by so many milliseconds */
  startAnew(behindMs: number): void {
    this.crash();
    if (this.reporting) this.reporting.behindMs = behindMs;
    this.start();
  }

  get held(): Held {
    return this.follower?.held ?? this.disk.held;
  }

  #committed(commit: Commit): void {
    this.server?.committed(commit);
    this.#inspect(commit.at);
  }

  #last: Position = START;

  /** What must be true of a node whenever it has changed. */
  #inspect(at: Position): void {
    const { held } = this;
    must(at >= this.#last, `${this.name} went back from ${this.#last} to ${at}`);
    this.#last = at;
    for (const resource of held.resources.values())
      must(this.world.said.has(textOf(resource)), `${this.name} holds what nobody said: ${textOf(resource)}`);
    must(same(held.resources, this.disk.held.resources), `${this.name} holds what is not on its disk`);
    const then = this.world.history.get(at);
    if (at === START) return;
    must(then !== undefined, `${this.name} is at ${at}, where no source ever was`);
    const flaw = difference(held.resources, this.name, then);
    must(flaw === undefined, `${this.name} at ${at}: ${flaw}`);
  }

  /** How what the node holds differs from what it should, seeing what is true now, or what is known of it. */
  flaw(): string | undefined {
    return difference(this.held.resources, this.name, this.world.origin.table) ?? this.reporting?.flaw();
  }
}

const same = (a: Table, b: Table) => a.size === b.size && [...a].every(([id, r]) => b.get(id)?.version === r.version);

/**
 * How what a node has differs from its share of the truth. Of what no node can use an older one is held, or none; what
 * that refers to may be there, or not.
 */
function difference(has: Table, node: string, truth: Table): string | undefined {
  const usable = new Map([...truth].filter(([, resource]) => judge(resource) === undefined));
  const least = shareOf(node, usable);
  const may = usable.size === truth.size ? least : new Map([...truth, ...has]);
  for (const id of new Set([...least.keys(), ...has.keys()])) {
    const [held, wanted] = [has.get(id), usable.get(id)];
    if (least.has(id) ? held?.version !== wanted?.version : !may.has(id))
      return `holds ${id} of ${held?.version}, not of ${wanted?.version}`;
  }
  return undefined;
}

/** A controller, two gateways, agents, and a network between them. */
export class World {
  readonly clock = new VirtualClock(Date.UTC(2026));
  readonly random: () => number;
  readonly network: Network;
  readonly history: History = new Map();
  readonly said = new Set<string>();
  readonly nodes: readonly Node[];
  readonly origin: Origin;
  readonly relay: (
    ...args: [upstream: ConstructorParameters<typeof Relay>[0], admission: ReturnType<typeof limitSnapshots>]
  ) => Relay;

  constructor(seed: number, makeRelay: typeof Relay = Relay) {
    this.random = mulberry32(seed);
    this.network = new Network(this.clock, this.random);
    this.relay = (upstream, admission) => new makeRelay(upstream, references, admission);
    this.origin = new Origin(this);
    const agents = AGENTS.map((name, n) => new Node(this, name, GATEWAYS[n % 2] ?? "pcg-a"));
    this.nodes = [...GATEWAYS.map((name) => new Node(this, name, "ccp")), ...agents];
    for (const node of this.nodes) node.start();
  }

  node(n: number): Node {
    const node = this.nodes[n % this.nodes.length];
    if (!node) throw new RangeError("there are no nodes");
    return node;
  }

  connect(node: Node, events: Parameters<Network["connect"]>[1]) {
    const server =
      node.upstream === "ccp" ? this.origin.server : this.nodes.find((n) => n.name === node.upstream)?.server;
    return this.network.connect(
      `${node.name} ${node.upstream}`,
      events,
      server && ((c) => server.accept(node.name, c)),
    );
  }

  /** An agent's gateway fails, as far as the agent can see: it goes to the other. */
  fail(agent: number): void {
    const node = this.node(GATEWAYS.length + agent);
    this.network.reset(`${node.name} ${node.upstream}`);
    node.upstream = GATEWAYS.find((name) => name !== node.upstream) ?? node.upstream;
  }

  /** No server keeps more for a receiver than there are resources. @throws Broken */
  bounded(): void {
    const reporters = this.nodes.map((n) => n.reporting?.server);
    for (const server of [this.origin.server, ...reporters, ...this.nodes.map((n) => n.server)])
      for (const { receiver, publication } of server?.receivers() ?? [])
        must(publication.pending <= MOST_RESOURCES, `${publication.pending} entries are kept for ${receiver}`);
  }

  /** Everything runs and can reach everything else; then time passes. */
  heal(): void {
    this.network.mischief = { twice: 0, lost: 0 };
    for (const node of this.nodes) {
      node.disk.fails = false;
      for (const upstream of ["ccp", "reports", ...GATEWAYS]) this.network.mend(`${node.name} ${upstream}`);
      node.start();
    }
    this.clock.advance(1_500_000);
  }
}

/** A small generator of random numbers; the same ones for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
