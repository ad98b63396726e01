/**
 * A controller in a process of its own: what it is told on standard input, a JSON object a line, it tells the gateway.
 * Prints where the gateway is each time that changes, and as `report` what it reports. Arguments: host, port, and the
 * folder of its credentials.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setInterval } from "node:timers";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { limitSnapshots } from "../../src/lcp/admission.ts";
import { after, type Position, resumedAt, START } from "../../src/lcp/position.ts";
import { Relay } from "../../src/lcp/relay.ts";
import { RelayServer } from "../../src/lcp/relay-server.ts";
import { idOf, type Resource, type ResourceId } from "../../src/lcp/resource.ts";
import { serve } from "../../src/lcp/serve.edge.ts";
import type { Held } from "../../src/lcp/subscription.ts";
import { Reports } from "../../src/manager/reports/reports.ts";

const [host = "", port, folder] = process.argv.slice(2);
const read = (name: string) => readFileSync(`${folder}/${name}.pem`, "utf8");
const write = (text: string) => void process.stdout.write(`${text}\n`);
const log = { info: write, warn: write, error: write };

const resources = new Map<ResourceId, Resource>();
let at = resumedAt(START, Date.now());
const relay = new RelayServer(
  new Relay(
    {
      held: (): Held => ({ instance: "ccp", at, resources }),
      behind: (receiver: Position) => {
        at = after(receiver);
      },
    },
    { needs: () => [], partOf: () => [], leads: () => [], homes: () => ["pcg-a"] },
    limitSnapshots(systemClock, Math.random),
  ),
  systemClock,
  log,
);

interface Told {
  readonly upserts?: readonly Pick<Resource, "type" | "key" | "body">[];
  readonly deletes?: readonly ResourceId[];
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { upserts = [], deletes = [] } = JSON.parse(line) as Told;
  at = after(at);
  const made = upserts.map((one): Resource => ({ ...one, version: at }));
  for (const resource of made) resources.set(idOf(resource), resource);
  for (const id of deletes) resources.delete(id);
  relay.committed({ instance: "ccp", at, upserts: made, deletes });
});

const reports = new Reports({ clock: systemClock, random: Math.random, log });
reports.listen((gateway) => {
  const its = {
    ...{ at, connected: reports.isConnected(gateway), gateway: reports.gateway(gateway) ?? null },
    ...{ problems: reports.problems(gateway), agents: reports.agents(gateway), leases: reports.leases(gateway) },
  };
  write(`report ${JSON.stringify(its)}`);
});

const as = { certificate: read("certificate"), key: read("key"), authority: read("authority") };
await serve(
  { host, port: Number(port), as, role: "gateway" },
  {
    ...{ clock: systemClock, log, accept: (receiver, channel) => relay.accept(receiver, channel) },
    acceptReports: (gateway, channel) => reports.accept(gateway, channel),
  },
);
let said = "";
setInterval(() => {
  const now = [...relay.receivers()].map(({ receiver, publication }) =>
    JSON.stringify({ receiver, current: publication.at === at, refused: Object.fromEntries(publication.refused) }),
  );
  if (`${now}` !== said) write(`${now}`);
  said = `${now}`;
}, 50);
