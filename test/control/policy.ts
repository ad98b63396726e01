import { LAB, manager } from "../e2e/nodes.ts";
import { quote, until } from "../kernel/namespace.ts";

type Method = "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
type Json = Readonly<Record<string, unknown>>;

/** Where the manager has its files. */
export const managerFile = (name: string): string => `/run/pcg-${LAB}/mgr/${name}`;

/** The command that asks the manager. A path from `/infra` on is one of the Policy API's. */
export function curl(method: Method, path: string, body?: unknown): string {
  const url = `https://10.99.250.10${/^\/(infra|nodes|enrolment)\b/.test(path) ? "/policy/api/v1" : ""}${path}`;
  return [
    `curl -sS --fail-with-body --max-time 20 -X ${method} --cacert ${managerFile("authority.pem")}`,
    `-H "Authorization: Bearer $(cat ${managerFile("admin.token")})" -H 'Content-Type: application/json'`,
    ...(body === undefined ? [] : [`-d ${quote(JSON.stringify(body))}`]),
    quote(url),
  ].join(" ");
}

/** What the manager answers, and with which HTTP status. */
export function ask(method: Method, path: string, body?: unknown): { status: number; body: Json } {
  const said = manager.run(`${curl(method, path, body)} -w '\\n%{http_code}' 2>/dev/null || [ $? = 22 ]`);
  const end = said.lastIndexOf("\n");
  const text = said.slice(0, end);
  return { status: Number(said.slice(end + 1)), body: text === "" ? {} : (JSON.parse(text) as Json) };
}

/** The same, where nothing but success will do. */
export function api(method: Method, path: string, body?: unknown): Json {
  const answer = ask(method, path, body);
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

export interface Realized {
  readonly state: string;
  /** Whether every gateway it concerns has it; one that concerns none is not realized, and nobody is waited for. */
  readonly isPassed: boolean;
  readonly problems: readonly { readonly gateway: string; readonly id: string; readonly why: string }[];
  /** Up to where the gateway's kernel has what it was told. */
  readonly position: number;
}

/** How far the gateway has come with an object. */
export function realization(path: string): Realized {
  const answer = api("GET", `/infra/realized-state/status?intent_path=${path}`) as {
    readonly consolidated_status: { readonly consolidated_status: string };
    readonly problems: Realized["problems"];
    readonly enforcement: readonly { readonly realized: number | null; readonly state: string }[];
  };
  return {
    state: answer.consolidated_status.consolidated_status,
    isPassed: answer.enforcement.every(({ state }) => state === "SUCCESS"),
    problems: answer.problems,
    position: answer.enforcement[0]?.realized ?? 0,
  };
}

/** A gateway that had no manager pauses before it tries again: some seconds after a short while. */
const PATIENCE_MS = 30_000;

/** Waits until an object is reported to be in the kernels of all gateways it concerns. */
export const realized = (path: string): Promise<Realized> =>
  until(
    `${path} is realized`,
    () => {
      const its = realization(path);
      return its.isPassed ? its : undefined;
    },
    PATIENCE_MS,
  );

/** Creates an object or changes some of its fields, and waits until it is realized. */
export async function given(path: string, body: unknown): Promise<Realized> {
  api("PATCH", path, body);
  return await realized(path);
}

export const isConnected = (): boolean => api("GET", "/api/v1/gateways/pcg-a")["connected"] === true;

export const TIER0 = "/infra/tier-0s/lab";
export const GATEWAY_POLICIES = "/infra/domains/default/gateway-policies";
export const GROUPS = "/infra/domains/default/groups";

/** A second segment, as a change that is seen at once: in the kernel its network is a route. */
export const segment = (number: number) => ({
  connectivity_path: TIER0,
  overlay_id: 9_100 + number,
  subnets: [{ gateway_address: `192.168.${number}.1/24` }],
});
