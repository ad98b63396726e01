import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "../../../src/lcp/connect.edge.ts";
import type { Identity } from "../../../src/lcp/identity.ts";
import { newRequest } from "../../../src/lcp/request.ts";
import { Authority, type AuthorityFiles, newAuthority, newIntermediate } from "../../../src/manager/enrol/authority.ts";
import type { BenchOptions } from "../options.ts";
import { type Cell, type Findings, loneCell } from "../report.ts";
import { quantile } from "../statistics.ts";
import type { Undo } from "../undo.ts";
import { fullSync } from "./full-sync.ts";
import type { AgentStats, GatewayStats, ToAgents, ToGateway } from "./messages.ts";
import { agentName, WIDE } from "./state.ts";

const notes = [
  "control-plane: a gateway's relay to its agents in one process, the agents in another, on one machine: both pay for",
  "  every TLS handshake and message, so that connecting takes twice as long as the gateway alone would. Each agent has a",
  "  WebSocket over TLS 1.3 and a certificate of its own. A change is one endpoint's, which concerns the agents on its",
  "  segment; its delay is from the gateway's knowing it to the agent's holding it (the agents here have no disk).",
];

const CHANGES_PER_SECOND = 100;
const SYNCS = 5;
/** The gateway's as on the appliance. Agents by the thousand in one process would do little but collect garbage. */
const SEMI_SPACE_MB = { gateway: 2, agents: 64 } as const;

/** A gateway with very many agents and endpoints. */
export async function controlPlane(options: BenchOptions, undo: Undo): Promise<Findings> {
  const sizes = options.quick ? { agents: 200, endpoints: 10_000 } : { agents: 10_000, endpoints: 100_000 };
  const { agents } = sizes;
  const root = await newAuthority("bench", Date.now());
  const files = { root, issuing: await newIntermediate(root, "bench issuing", Date.now()) };
  options.progress(`control-plane: certificates for ${agents} agents`);
  const all = await certificates(files, agents);
  const gateway = worker<ToGateway, GatewayStats>("gateway-process.ts", SEMI_SPACE_MB.gateway, undo);
  const crowd = worker<ToAgents, AgentStats>("agents-process.ts", SEMI_SPACE_MB.agents, undo);
  const as = await credentials(files, { role: "gateway", id: "pcg-a" });
  const alone = await gateway.ask({ ask: "start", as, ...sizes });

  const wide = await credentials(files, { role: "agent", id: WIDE.agent });
  const syncs: number[] = [];
  while (syncs.length < SYNCS) syncs.push(await fullSync(alone.port, wide));

  const settled = async (what: string) => {
    const began = performance.now();
    for (;;) {
      const { current } = await crowd.ask({ ask: "stats" });
      options.progress(`control-plane: ${what}: ${current} of ${agents}`);
      if (current === agents) return (performance.now() - began) / 1_000;
      await sleep(1_000);
    }
  };
  await crowd.ask({ ask: "start", port: alone.port, from: 0, all });
  await settled("connected");
  await sleep(2_000);
  const idle = await gateway.ask({ ask: "stats" });

  const seconds = options.quick ? 5 : 30;
  const busy = await gateway.ask({ ask: "change", perSecond: CHANGES_PER_SECOND, seconds });
  await sleep(2_000);
  const { delaysMs } = await crowd.ask({ ask: "stats" });
  options.progress(`control-plane: ${delaysMs.length} changes arrived`);

  await gateway.ask({ ask: "hang up" });
  while ((await crowd.ask({ ask: "stats" })).current === agents) await sleep(20);
  const again = await settled("connected again");
  const after = await gateway.ask({ ask: "stats" });
  const cell = (name: string, unit: string, value: number): Cell => loneCell(`${name}-${agents}`, unit, value, 1);
  return {
    cells: [
      loneCell(`full-sync-${WIDE.resources}`, "ms", quantile(syncs, 0.5), SYNCS),
      cell("agent-memory", "KB", (idle.rssBytes - alone.rssBytes) / agents / 1_024),
      cell("delta-p50", "ms", quantile(delaysMs, 0.5)),
      cell("delta-p99", "ms", quantile(delaysMs, 0.99)),
      cell("delta-loop-p99", "ms", busy.loopP99Ms),
      cell("reconnect", "s", again),
      cell("reconnect-loop-p99", "ms", after.loopP99Ms),
    ],
    notes,
  };
}

/** As managers have: nodes believe the root, and show the intermediate's certificate beside their own. */
interface Authorities {
  readonly root: AuthorityFiles;
  readonly issuing: AuthorityFiles;
}

async function credentials({ root, issuing }: Authorities, identity: Identity): Promise<Credentials> {
  const { key, request } = await newRequest();
  const { pem } = await new Authority(issuing).issue(request, { identity, forMs: 86_400_000 }, Date.now());
  return { certificate: `${pem}\n${issuing.certificate}`, key, authority: root.certificate };
}

async function certificates(files: Authorities, count: number): Promise<Credentials[]> {
  const all: Credentials[] = [];
  for (let n = 0; n < count; n++) all.push(await credentials(files, { role: "agent", id: agentName(n) }));
  return all;
}

/** A process that gives one answer to each question. */
function worker<Question, Answer>(file: string, semiSpaceMb: number, undo: Undo) {
  const child: ChildProcess = fork(join(import.meta.dirname, file), {
    execArgv: ["--expose-gc", `--max-semi-space-size=${semiSpaceMb}`],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  undo.add(() => void child.kill("SIGKILL"));
  return {
    async ask(question: Question): Promise<Answer> {
      const answer = once(child, "message");
      child.send(question as object);
      const [message] = (await answer) as [Answer];
      return message;
    },
  };
}
