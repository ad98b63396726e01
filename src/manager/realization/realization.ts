import type { Position } from "../../lcp/position.ts";
import type { Resource, ResourceId } from "../../lcp/resource.ts";

/** SUCCESS: the kernels have it. UNINITIALIZED: a gateway has never said how things are. */
export type RealizedState = "SUCCESS" | "IN_PROGRESS" | "ERROR" | "UNINITIALIZED";

/** What a gateway last said of itself. */
export interface GatewayReport {
  readonly connected: boolean;
  /** Up to where its kernel has what it was told; null: it has not said. */
  readonly realized: Position | null;
  /** What it cannot do, and why. */
  readonly problems: ReadonlyMap<ResourceId, string>;
}

/** A piece of runtime state that an object became, and where. */
export interface Output {
  readonly tier0: string;
  readonly id: ResourceId;
}

export interface RealizationWorld {
  outputsOf(path: string): readonly Output[];
  resource(output: Output): Resource | undefined;
  /** Ids of its gateways. */
  gatewaysOf(tier0: string): readonly string[];
  /** Undefined: it was never heard. */
  report(gateway: string): GatewayReport | undefined;
}

/** How far one gateway has come with an object. */
export interface Enforcement {
  readonly gateway: string;
  readonly connected: boolean;
  readonly state: RealizedState;
  readonly problems: readonly { readonly id: ResourceId; readonly why: string }[];
}

export interface Realization {
  readonly state: RealizedState;
  readonly enforcement: readonly Enforcement[];
}

/** Whether what an object says is in the kernels of all gateways it concerns. One that concerns none is. */
export function realizationOf(path: string, world: RealizationWorld): Realization {
  const outputs = Map.groupBy(world.outputsOf(path), ({ tier0 }) => tier0);
  const enforcement = [...outputs].flatMap(([tier0, its]) =>
    world.gatewaysOf(tier0).map((gateway) => enforcementAt(gateway, its, world)),
  );
  return { state: worst(enforcement.map(({ state }) => state)), enforcement };
}

function enforcementAt(gateway: string, outputs: readonly Output[], world: RealizationWorld): Enforcement {
  const report = world.report(gateway);
  const problems = outputs.flatMap(({ id }) => {
    const why = report?.problems.get(id);
    return why === undefined ? [] : [{ id, why }];
  });
  const newest = Math.max(...outputs.map((output) => world.resource(output)?.version ?? 0));
  return { gateway, connected: report?.connected ?? false, state: stateOf(report, newest, problems.length), problems };
}

function stateOf(report: GatewayReport | undefined, newest: number, problems: number): RealizedState {
  if (!report || report.realized === null) return "UNINITIALIZED";
  if (report.realized < newest) return "IN_PROGRESS";
  return problems > 0 ? "ERROR" : "SUCCESS";
}

const order: readonly RealizedState[] = ["SUCCESS", "IN_PROGRESS", "UNINITIALIZED", "ERROR"];

const worst = (states: readonly RealizedState[]): RealizedState =>
  order[Math.max(0, ...states.map((state) => order.indexOf(state)))] ?? "ERROR";
