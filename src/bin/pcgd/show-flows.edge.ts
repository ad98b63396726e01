import { ask } from "../../api/client.edge.ts";
import { flowsOf, flowsText } from "../../api/flows-text.ts";
import type { FlowStatus } from "../../api/status.ts";
import { print, printJson } from "../../base/terminal.edge.ts";
import { parseIpv4 } from "../../net/ipv4.ts";

/** Prints the flow cache, or what of it has to do with an address. @throws NET_BAD_VALUE */
export async function showFlows(address: string | undefined, options: { socket: string; json: boolean }) {
  if (address !== undefined) parseIpv4(address);
  const flows = flowsOf((await ask(options.socket, "/flows")) as FlowStatus[], address);
  if (options.json) printJson(flows);
  else print(flowsText(flows));
  return 0;
}
