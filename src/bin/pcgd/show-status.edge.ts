import { ask } from "../../api/client.edge.ts";
import type { Status } from "../../api/status.ts";
import { statusText } from "../../api/status-text.ts";
import { print, printJson } from "../../base/terminal.edge.ts";
import type { Report } from "../../reconcile/reconciler.ts";

interface StatusOptions {
  readonly socket: string;
  readonly json: boolean;
  readonly objects: boolean;
}

/** Prints what the running daemon says of itself. */
export async function showStatus({ socket, json, objects }: StatusOptions): Promise<number> {
  const answer = await ask(socket, objects ? "/objects" : "/status");
  const text = () => (objects ? objectsText(answer as Report["objects"]) : statusText(answer as Status));
  if (json) printJson(answer);
  else print(text());
  return 0;
}

const objectsText = (all: Report["objects"]) =>
  all.map((o) => `${o.state.padEnd(11)} ${o.key}${o.message ? `: ${o.message}` : ""}`).join("\n");
