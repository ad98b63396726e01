import { expect, test } from "vitest";
import type { Position } from "../../lcp/position.ts";
import { ResourceId } from "../../lcp/resource.ts";
import { Compiler } from "../ccp/compiler.ts";
import { documentsOf, laboratory } from "../ccp/policy.testing.ts";
import type { GatewayReport } from "../realization/realization.ts";
import { portStatePort } from "./port-state-port.ts";

interface Said extends Partial<GatewayReport> {
  readonly agents?: readonly string[];
}

/** How ports are, as two gateways of the Tier-0 say: what is newest is at 7. */
function portState(said: Readonly<Record<string, Said>>) {
  const documents = documentsOf(laboratory);
  const compiler = new Compiler(documents);
  return portStatePort({
    documents: () => documents,
    agents: (gateway) => (said[gateway]?.agents ?? []).map((id) => ({ id, current: true, refused: 0 })),
    realization: {
      since: 1 as Position,
      outputsOf: (path) => compiler.outputsOf(path),
      resource: () => ({ type: "port", key: "", version: 7 as Position, body: {} }),
      gatewaysOf: () => ["pcg-a", "pcg-b"],
      report: (gateway) =>
        said[gateway] && {
          ...{ connected: true, wished: at(9), realized: at(9), problems: new Map(), failing: null },
          ...said[gateway],
        },
    },
  });
}

const at = (position: number) => position as Position;
const web = "/infra/segments/web/ports/vm-1";
const agents = ["vm-2", "vm-1"];
const away = { connected: false, agents };
const unheard = { wished: null, realized: null, agents };
const problem = { problems: new Map([[ResourceId("port", "web|vm-1"), "no"]]), agents };

test.each([
  ["UP", "a gateway has it and the agent, the other was never heard", { "pcg-a": { agents } }],
  ["UP", "one has it and the agent, the other has neither", { "pcg-a": { realized: at(6) }, "pcg-b": { agents } }],
  ["UP", "a gateway has it, and other VMs' agents", { "pcg-a": { agents: ["vm-2"] } }],
  ["UP", "one has it, and the other the agent", { "pcg-a": {}, "pcg-b": { realized: at(6), agents } }],
  ["DOWN", "it is not in the kernel yet", { "pcg-a": { realized: at(6), agents } }],
  ["DOWN", "the gateway cannot do it", { "pcg-a": problem }],
  ["UP", "one has it and its agent is not there, the other is away", { "pcg-a": {}, "pcg-b": away }],
  ["UNKNOWN", "no gateway was ever heard", {}],
  ["UNKNOWN", "gateways are away, whatever they said", { "pcg-a": away, "pcg-b": away }],
  ["UNKNOWN", "a gateway has not said how things are", { "pcg-a": unheard }],
] as const)("a port is %s where %s", async (status, _, said) => {
  expect((await portState(said)(web)).status).toBe(status);
});

test("the state of a port says where its VM is, what its packets may be from, and how each gateway has it", async () => {
  expect(await portState({ "pcg-a": { agents }, "pcg-b": { ...problem, agents: [] } })(web)).toEqual({
    ...{ intent_path: web, status: "UP", attachment: { id: "vm-1" }, tep_address: "10.99.3.248" },
    realized_bindings: [
      { source: "POLICY", binding: { mac_address: "02:00:00:00:64:01", ip_address: "192.168.100.3" } },
    ],
    problems: [{ gateway: "pcg-b", id: "port/web|vm-1", why: "no" }],
    enforcement: [
      { gateway: "pcg-a", connected: true, state: "SUCCESS", realized: 9, agent_connected: true },
      { gateway: "pcg-b", connected: true, state: "ERROR", realized: 9, agent_connected: false },
    ],
  });
});

test("the address of a port that has none of its own is what its lease gave, and is left out before", async () => {
  const state = portState({ "pcg-a": {} });
  expect((await state("/infra/segments/app/ports/vm-1")).realized_bindings).toEqual([
    { source: "DHCP", binding: { mac_address: "02:00:00:00:63:01", ip_address: "192.168.99.101" } },
  ]);
  expect((await state("/infra/segments/app/ports/vm-2")).realized_bindings).toEqual([
    { source: "DHCP", binding: { mac_address: "02:00:00:00:63:0A", ip_address: "192.168.99.100" } },
  ]);
});

test("a port that no gateway has as it is wished has no realized binding", async () => {
  expect((await portState({ "pcg-a": { realized: at(6) } })(web)).realized_bindings).toEqual([]);
  expect((await portState({ "pcg-a": away })(web)).realized_bindings).toEqual([]);
});

test.each(["/infra/segments/web/ports/none", "/infra/segments/none/ports/vm-1", "/infra/segments/../ports/x"])(
  "there is no state of a port that is not there: %s",
  async (path) => {
    await expect(portState({})(path)).rejects.toMatchObject({ code: "MANAGER_NOT_FOUND" });
  },
);
