/**
 * An agent in a process of its own. Prints what it holds, by name, each time that changes. Arguments: the gateway's
 * port, its id, and the folder of the agent's credentials.
 */
import { readFileSync } from "node:fs";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { connectTo } from "../../src/lcp/connect.edge.ts";
import { Follower } from "../../src/lcp/follower.ts";
import { NOTHING_HELD } from "../../src/lcp/subscription.ts";

const [port, gateway = "", folder] = process.argv.slice(2);
const read = (name: string) => readFileSync(`${folder}/${name}.pem`, "utf8");
const write = (text: string) => void process.stdout.write(`${text}\n`);

const follower: Follower = new Follower({
  ...{ clock: systemClock, random: Math.random, log: { info: write, warn: write, error: write } },
  store: { load: () => NOTHING_HELD, commit: () => undefined },
  judge: () => undefined,
  connect: connectTo(
    { host: "127.0.0.1", port: Number(port), is: { role: "gateway", id: gateway } },
    { certificate: read("certificate"), key: read("key"), authority: read("authority") },
    systemClock,
  ),
  committed: () => write(`holds ${[...follower.held.resources.keys()].toSorted().join(" ")}`),
});
follower.start();
