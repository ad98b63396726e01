import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, encodeDigest } from "../../src/lcp/digest.ts";
import type { Publication } from "../../src/lcp/publication.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { ResourceId } from "../../src/lcp/resource.ts";
import { type Body, Broken, concernOf } from "./state.ts";
import { AGENTS, World } from "./world.ts";

/** As many histories as a CI run goes through. */
const HISTORIES = 2_000;
/** As many until a mistake must have been found. */
const ENOUGH = 20_000;
/** Histories are many, not slow. */
const PATIENCE_MS = 120_000;
/** Names of each kind: few, so that they come again. */
const KEYS = 4;

const key = fc.integer({ min: 0, max: KEYS - 1 });
const node = fc.integer({ min: 0, max: 5 });
const gateway = fc.integer({ min: 0, max: 1 });

type Deed = (world: World) => void;

const put =
  (type: "tep" | "segment" | "group" | "member" | "port" | "rule" | "policy" | "guard", n: number, body: Body): Deed =>
  (world) =>
    world.origin.change([{ type, key: `${n}`, body }], []);

const value = fc.integer({ min: 0, max: 999 });
const deeds: fc.Arbitrary<[string, Deed]> = fc.oneof(
  fc.tuple(key, value).map(([n, v]): [string, Deed] => [`tep ${n} = ${v}`, put("tep", n, { value: v })]),
  fc.tuple(key, value).map(([n, v]): [string, Deed] => [`segment ${n} = ${v}`, put("segment", n, { value: v })]),
  fc.tuple(key, value).map(([n, v]): [string, Deed] => [`group ${n} = ${v}`, put("group", n, { value: v })]),
  fc
    .tuple(key, key, key, fc.constantFrom(...AGENTS))
    .map(([n, segment, tep, agent]): [string, Deed] => [
      `port ${n} of ${agent} on segment ${segment} behind tep ${tep}`,
      put("port", n, { value: 0, segment, tep, agent }),
    ]),
  fc
    .tuple(key, key, key, fc.boolean())
    .map(([n, segment, group, poison]): [string, Deed] => [
      `rule ${n} on segment ${segment} for group ${group}${poison ? ", poison" : ""}`,
      put("rule", n, { value: 0, segment, group, poison }),
    ]),
  fc
    .tuple(key, key, value)
    .map(([n, group, v]): [string, Deed] => [
      `member ${n} of group ${group} = ${v}`,
      put("member", n, { value: v, group }),
    ]),
  fc
    .tuple(key, key)
    .map(([n, group]): [string, Deed] => [`policy ${n} for group ${group}`, put("policy", n, { value: 0, group })]),
  fc
    .tuple(fc.nat(AGENTS.length - 1), fc.uniqueArray(key, { maxLength: 3 }))
    .map(([n, policies]): [string, Deed] => [
      `agent ${n} guarded by policies ${policies.join(", ")}`,
      put("guard", n, { value: 0, agent: AGENTS[n] ?? "", policies }),
    ]),
  fc
    .tuple(fc.constantFrom("tep", "segment", "group", "member", "port", "rule", "policy", "guard"), key)
    .map(([type, n]): [string, Deed] => [`no ${type} ${n}`, (w) => w.origin.change([], [ResourceId(type, `${n}`)])]),
  fc
    .tuple(gateway, key, fc.boolean())
    .map(([n, lease, held]): [string, Deed] => [
      `gateway ${n}: lease ${lease} ${held ? "given" : "over"}`,
      (w) => w.node(n).reporting?.lease(lease, held),
    ]),
  fc
    .tuple(gateway, fc.constantFrom(0, 1, 5, 60))
    .map(([n, seconds]): [string, Deed] => [
      `gateway ${n} starts anew, its clock ${seconds} s behind`,
      (w) => w.node(n).startAnew(seconds * 1_000),
    ]),
  gateway.map((n): [string, Deed] => [`gateway ${n} has realized more`, (w) => w.node(n).reporting?.realize()]),
  gateway.map((n): [string, Deed] => [`cut reports of ${n}`, (w) => w.network.cut(`${w.node(n).name} reports`)]),
  gateway.map((n): [string, Deed] => [`mend reports of ${n}`, (w) => w.network.mend(`${w.node(n).name} reports`)]),
  gateway.map((n): [string, Deed] => [`reset reports of ${n}`, (w) => w.network.reset(`${w.node(n).name} reports`)]),
  node.map((n): [string, Deed] => [`cut ${n}`, (w) => w.network.cut(`${w.node(n).name} ${w.node(n).upstream}`)]),
  node.map((n): [string, Deed] => [`mend ${n}`, (w) => w.network.mend(`${w.node(n).name} ${w.node(n).upstream}`)]),
  node.map((n): [string, Deed] => [`reset ${n}`, (w) => w.network.reset(`${w.node(n).name} ${w.node(n).upstream}`)]),
  node.map((n): [string, Deed] => [`crash ${n}`, (w) => w.node(n).crash()]),
  node.map((n): [string, Deed] => [`start ${n}`, (w) => w.node(n).start()]),
  fc.tuple(node, fc.boolean()).map(([n, fails]): [string, Deed] => [
    `disk of ${n} ${fails ? "full" : "free"}`,
    (w) => {
      w.node(n).disk.fails = fails;
    },
  ]),
  fc.integer({ min: 0, max: 3 }).map((n): [string, Deed] => [`agent ${n} to the other gateway`, (w) => w.fail(n)]),
  fc.constant<[string, Deed]>(["controller restarts", (w) => w.origin.restart()]),
  fc.constant<[string, Deed]>(["backup", (w) => w.origin.keepBackup()]),
  fc.constant<[string, Deed]>(["controller restored from the backup", (w) => w.origin.restore()]),
  fc.constantFrom(0, 0.1, 0.3).map((p): [string, Deed] => [
    `messages lost or doubled: ${p}`,
    (w) => {
      w.network.mischief = { twice: p, lost: p };
    },
  ]),
  fc.constantFrom(1, 50, 500, 5_000, 60_000).map((ms): [string, Deed] => [`${ms} ms`, (w) => w.clock.advance(ms)]),
);

/** A history, readable in a counterexample. */
const script = fc
  .array(deeds, { maxLength: 60, size: "max" })
  .map((steps) => Object.assign(steps, { toString: () => steps.map(([what]) => what).join("; ") }));

function live(seed: number, steps: readonly [string, Deed][], makeRelay: typeof Relay): World {
  const world = new World(seed, makeRelay);
  world.clock.advance(2_000);
  for (const [, deed] of steps) {
    deed(world);
    world.bounded();
  }
  world.heal();
  return world;
}

/** @throws Broken on the way, or at the end if a node does not hold what it should */
function liveWell(seed: number, steps: readonly [string, Deed][], makeRelay: typeof Relay = Relay): void {
  const world = live(seed, steps, makeRelay);
  for (const { name, flaw } of world.nodes.map((n) => ({ name: n.name, flaw: n.flaw() })))
    if (flaw !== undefined) throw new Broken(`${name} in the end: ${flaw}`);
}

const property = (makeRelay?: typeof Relay) =>
  fc.property(fc.integer(), script, (seed, steps) => {
    liveWell(seed, steps, makeRelay);
  });

test(
  "whatever happens, no node holds what nobody said, goes back, or is left with what is no longer so; nor the controller of its gateways",
  () => {
    fc.assert(property(), { numRuns: HISTORIES });
  },
  PATIENCE_MS,
);

/** Where mistakes are planted. */
class Mistaken extends Relay {
  protected readonly upstream: ConstructorParameters<typeof Relay>[0];

  constructor(...args: ConstructorParameters<typeof Relay>) {
    super(...args);
    [this.upstream] = args;
  }
}

/** Forgets to take away what is no longer a receiver's concern, unless it is gone altogether. */
class ForgetsWhatLeaves extends Mistaken {
  override open(receiver: string, wake: () => void): Publication {
    const publication = super.open(receiver, wake);
    const next = publication.next.bind(publication);
    publication.next = (now) => {
      const message = next(now);
      if (message?.kind !== "delta") return message;
      return { ...message, deletes: message.deletes.filter((id) => !this.upstream.held().resources.has(id)) };
    };
    return publication;
  }
}

/** Takes a receiver's position for what it holds, though its span may have changed while it was away. */
class BelievesThePosition extends Mistaken {
  override open(receiver: string, wake: () => void): Publication {
    const publication = super.open(receiver, wake);
    const receive = publication.receive.bind(publication);
    publication.receive = (message, now) => {
      if (message.kind !== "hello" || message.instance === null) return receive(message, now);
      const concern = [...concernOf(receiver, this.upstream.held().resources).values()];
      const known = digestOf(
        concern.filter(({ version }) => version <= message.at),
        64,
      );
      return receive({ ...message, digest: encodeDigest(known) }, now);
    };
    return publication;
  }
}

test.each([ForgetsWhatLeaves, BelievesThePosition])(
  "a mistake that is planted is found: %o",
  (mistaken) => {
    expect(fc.check(property(mistaken), { numRuns: ENOUGH, endOnFailure: true }).failed).toBe(true);
  },
  PATIENCE_MS,
);
