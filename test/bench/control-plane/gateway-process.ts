/** A gateway's local control plane with very many endpoints, for the bench: asked and answering over IPC. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../src/base/system-clock.edge.ts";
import { limitSnapshots } from "../../../src/lcp/admission.ts";
import type { Channel } from "../../../src/lcp/channel.ts";
import { after, resumedAt, START } from "../../../src/lcp/position.ts";
import { Relay } from "../../../src/lcp/relay.ts";
import { RelayServer } from "../../../src/lcp/relay-server.ts";
import { idOf, type Resource, type ResourceId } from "../../../src/lcp/resource.ts";
import { agentReferences } from "../../../src/lcp/runtime-references.ts";
import { type Serving, serve } from "../../../src/lcp/serve.edge.ts";
import type { GatewayStats, ToGateway } from "./messages.ts";
import { endpoints, PORTS, portOf } from "./state.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

const resources = new Map<ResourceId, Resource>();
const channels = new Set<Channel>();
let at = resumedAt(START, Date.now());
let count = 0;
let agents = 0;
let server: RelayServer | undefined;
let serving: Serving | undefined;

async function start({ as, ...sizes }: Extract<ToGateway, { ask: "start" }>): Promise<void> {
  count = sizes.endpoints;
  agents = sizes.agents;
  for (const resource of endpoints(count, agents, at)) resources.set(idOf(resource), resource);
  const upstream = { held: () => ({ instance: "ccp", at, resources }), behind: () => undefined };
  const relay = new Relay(upstream, agentReferences, limitSnapshots(systemClock, Math.random));
  const made = new RelayServer(relay, systemClock, log);
  server = made;
  const accept = (receiver: string, channel: Channel) => {
    const its: Channel = {
      ...channel,
      close: (reason) => {
        channels.delete(its);
        channel.close(reason);
      },
    };
    channels.add(its);
    const events = made.accept(receiver, its);
    return {
      ...events,
      closed: (reason: string) => {
        channels.delete(its);
        events.closed(reason);
      },
    };
  };
  serving = await serve({ host: "127.0.0.1", port: 0, as, role: "agent" }, { clock: systemClock, log, accept });
}

/** One port at a time, spread evenly. */
async function change({ perSecond, seconds }: Extract<ToGateway, { ask: "change" }>): Promise<void> {
  const began = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    const due = began + (n * 1_000) / perSecond;
    if (due > performance.now()) await sleep(due - performance.now());
    at = after(at);
    const resource: Resource = { ...portOf((n * 7_919) % count, Math.ceil(count / PORTS), agents), version: at };
    resources.set(idOf(resource), resource);
    server?.committed({ instance: "ccp", at, upserts: [resource], deletes: [] });
  }
}

function stats(): GatewayStats {
  globalThis.gc?.();
  const loopP99Ms = delay.percentile(99) / 1e6;
  delay.reset();
  const rssBytes = process.memoryUsage.rss();
  return { port: serving?.port ?? 0, agents: [...(server?.receivers() ?? [])].length, rssBytes, loopP99Ms };
}

process.on("message", (message: ToGateway) => void answer(message).then(() => process.send?.(stats())));

async function answer(message: ToGateway): Promise<void> {
  if (message.ask === "start") await start(message);
  if (message.ask === "change") await change(message);
  if (message.ask === "hang up") for (const channel of [...channels]) channel.close("the bench hangs up");
}
