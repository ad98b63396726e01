import { type Position, START } from "../../lcp/position.ts";
import type { Resource, ResourceId } from "../../lcp/resource.ts";
import { kindOf } from "../policy/kinds.ts";

/**
 * NSX's words. SUCCESS: the kernels have it. UNKNOWN: a gateway is away, so that what it said last may be true no more.
 * UNINITIALIZED: nothing enforces it, or a gateway has never said how things are.
 */
type RealizedState = "SUCCESS" | "IN_PROGRESS" | "ERROR" | "UNKNOWN" | "UNINITIALIZED";

/** What a gateway last said of itself. */
export interface GatewayReport {
  readonly connected: boolean;
  /** Up to where it was told; null: it has not said. */
  readonly wished: Position | null;
  /** Up to where its kernel has what it was told; null: it has not said. */
  readonly realized: Position | null;
  /** What it cannot do, and why. */
  readonly problems: ReadonlyMap<ResourceId, string>;
  /** Why its kernel does not take what is wished, if so. */
  readonly failing: string | null;
}

/** A piece of runtime state that an object became, and where. */
interface Output {
  readonly tier0: string;
  readonly id: ResourceId;
}

export interface RealizationWorld {
  /** What gateways were told before may be of a later life, if the store was put back to a backup. */
  readonly since: Position;
  outputsOf(path: string): readonly Output[];
  resource(output: Output): Resource | undefined;
  /** Ids of its gateways. */
  gatewaysOf(tier0: string): readonly string[];
  /** Undefined: it was never heard. */
  report(gateway: string): GatewayReport | undefined;
}

/** A part of an object that is not in force, or `kernel` where the gateway cannot tell whose fault it is. */
interface Problem {
  readonly id: string;
  readonly why: string;
}

/** How far one gateway has come with an object. */
export interface Enforcement {
  readonly gateway: string;
  readonly connected: boolean;
  readonly state: RealizedState;
  readonly realized: Position | null;
  readonly problems: readonly Problem[];
}

export interface Realization {
  readonly state: RealizedState;
  readonly enforcement: readonly Enforcement[];
}

/** Whether what an object says is in the kernels of all gateways it concerns, and whether these enforce it. */
export function realizationOf(path: string, world: RealizationWorld): Realization {
  const outputs = Map.groupBy(world.outputsOf(path), ({ tier0 }) => tier0);
  const enforcement = [...outputs].flatMap(([tier0, its]) =>
    world.gatewaysOf(tier0).map((gateway) => enforcementAt(gateway, its, world)),
  );
  const states = enforcement.map(({ state }) => state);
  const isEnforced = enforcement.length > 0 && !isForAgents(path);
  return { state: worst(isEnforced ? states : [...states, "UNINITIALIZED"]), enforcement };
}

/** The distributed firewall: gateways only pass it on, and agents do not report what they enforce. */
const isForAgents = (path: string): boolean => ["SecurityPolicy", "Rule"].includes(kindOf(path) ?? "");

function enforcementAt(gateway: string, outputs: readonly Output[], world: RealizationWorld): Enforcement {
  const report = world.report(gateway);
  const newest = Math.max(...outputs.map((output) => world.resource(output)?.version ?? 0));
  const problems = report ? problemsOf(report, outputs, newest) : [];
  const { connected = false, realized = null } = report ?? {};
  const known = realized === null || (report && isOfThisLife(report, world.since)) ? realized : START;
  return {
    gateway,
    connected,
    realized,
    state: stateOf(known, newest, { connected, problems: problems.length }),
    problems,
  };
}

/** Where something fails in the kernel it has got no further than before it failed, whatever it was told since. */
const isOfThisLife = ({ wished, realized, failing }: GatewayReport, since: Position) =>
  (wished ?? START) >= since && ((realized ?? START) >= since || failing !== null);

function problemsOf({ problems, realized, failing }: GatewayReport, outputs: readonly Output[], newest: number) {
  const own = outputs.flatMap(({ id }): Problem[] => {
    const why = problems.get(id);
    return why === undefined ? [] : [{ id, why }];
  });
  const isHeldUp = failing !== null && realized !== null && realized < newest;
  return isHeldUp ? [...own, { id: "kernel", why: failing }] : own;
}

interface Circumstances {
  readonly connected: boolean;
  readonly problems: number;
}

function stateOf(realized: Position | null, newest: number, { connected, problems }: Circumstances): RealizedState {
  if (realized === null) return "UNINITIALIZED";
  if (!connected) return "UNKNOWN";
  if (problems > 0) return "ERROR";
  return realized < newest ? "IN_PROGRESS" : "SUCCESS";
}

const order: readonly RealizedState[] = ["SUCCESS", "IN_PROGRESS", "UNKNOWN", "UNINITIALIZED", "ERROR"];

const worst = (states: readonly RealizedState[]): RealizedState =>
  order[Math.max(0, ...states.map((state) => order.indexOf(state)))] ?? "ERROR";
