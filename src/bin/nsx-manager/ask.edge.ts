import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PcgError } from "../../base/error.ts";
import { readYaml } from "../../base/read-yaml.ts";
import { print, printJson } from "../../base/terminal.edge.ts";
import { ManagerClient } from "../../manager/http/client.edge.ts";
import type { AskOptions } from "./options.ts";

const POLICY = "/policy/api/v1";

/** Commands that ask a manager that runs. */
export async function ask(command: string, args: readonly string[], options: AskOptions & { wait: number }) {
  const client = new ManagerClient({
    url: options.url,
    token: textOf(options.token).trim(),
    authority: textOf(options.authority),
  });
  try {
    return await dispatch(client, command, args, options.wait);
  } finally {
    client.close();
  }
}

/** @returns the exit status; undefined: there is no such command */
async function dispatch(
  client: ManagerClient,
  command: string,
  [first = "", second = ""]: readonly string[],
  wait: number,
) {
  switch (command) {
    case "get":
      return show(await client.get(pathOf(first)));
    case "put":
      return show(await client.put(pathOf(first), documentIn(second)));
    case "patch":
      return done(client.patch(pathOf(first), documentIn(second)));
    case "delete":
      return done(client.delete(pathOf(first)));
    case "apply":
      return done(client.patch(`${POLICY}/infra`, documentIn(first)));
    case "realized":
      return realized(client, first, wait);
    case "join": {
      const { token } = await client.post(`${POLICY}/enrolment/tokens`, { role: first, id: second });
      print(String(token));
      return 0;
    }
    case "revoke":
      return done(client.delete(`${POLICY}/nodes/${encodeURIComponent(first)}/${encodeURIComponent(second)}`));
    default:
      return undefined;
  }
}

async function realized(client: ManagerClient, path: string, waitSeconds: number): Promise<number> {
  const giveUpAt = Date.now() + waitSeconds * 1_000;
  for (;;) {
    const answer = await client.get(`${POLICY}/infra/realized-state/status?intent_path=${encodeURIComponent(path)}`);
    const isDone = answer["publish_status"] === "REALIZED";
    if (isDone || Date.now() >= giveUpAt) {
      show(answer);
      return isDone ? 0 : 1;
    }
    await sleep(200);
  }
}

function show(value: unknown): number {
  if (value !== undefined) printJson(value);
  return 0;
}

async function done(change: Promise<void>): Promise<number> {
  await change;
  return 0;
}

const pathOf = (path: string) => (/^\/(infra|enrolment|nodes)\b/.test(path) ? POLICY + path : path);

function documentIn(file: string): unknown {
  const text = textOf(file === "-" ? "/dev/stdin" : file);
  try {
    if (text.trimStart().startsWith("{")) return JSON.parse(text);
    const read = readYaml(text);
    if ("why" in read) throw new Error(read.why);
    return read.value;
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new PcgError("CONFIG_UNREADABLE", { file, why: messageOf(error) }, error);
  }
}
