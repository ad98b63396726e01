import type { LabPaths } from "./lab-paths.ts";
import type { Programs } from "./machine.ts";
import { labPolicy } from "./policy.ts";
import type { Command, Step } from "./step.ts";
import type { Topology } from "./topology.ts";

export const MANAGER_DAEMON = "nsx-manager";
/** By which gateways know their controller. */
export const CONTROLLER_ID = "ccp";

/** Where the manager's files are. */
export function managerFiles(lab: LabPaths, { manager }: Topology) {
  const root = lab.node(manager.name);
  return {
    root,
    store: `${root}/manager.db`,
    /** Of an administrator of the API. */
    token: `${root}/admin.token`,
    /** By which clients and nodes know the manager. */
    authority: `${root}/authority.pem`,
    pin: `${root}/pin`,
    policy: `${root}/policy.json`,
  };
}

export const managerUrl = ({ manager }: Topology): string => `https://${manager.eni.address}`;

/** The manager from an empty store: its daemon, then what the laboratory wants, through its API. */
export function manager(topology: Topology, lab: LabPaths, programs: Programs): readonly Step[] {
  const files = managerFiles(lab, topology);
  return [
    { kind: "directory", path: files.root },
    { kind: "file", path: files.policy, text: `${JSON.stringify(labPolicy(topology), undefined, 2)}\n` },
    managerDaemon(topology, lab, programs),
    { kind: "run", ...askManager(topology, lab, programs, ["apply", files.policy]) },
  ];
}

/** A command that asks the manager, where it runs. */
export function askManager(
  topology: Topology,
  lab: LabPaths,
  { node, checkout }: Programs,
  args: readonly string[],
): Command {
  const { token, authority } = managerFiles(lab, topology);
  const how = ["--url", managerUrl(topology), "--token", token, "--authority", authority];
  return {
    argv: [node, `${checkout}/src/bin/nsx-manager.ts`, ...args, ...how],
    namespace: lab.namespace(topology.manager.name),
  };
}

function managerDaemon(topology: Topology, lab: LabPaths, { node, checkout }: Programs): Step {
  const { root, store } = managerFiles(lab, topology);
  const { name, eni } = topology.manager;
  return {
    kind: "daemon",
    name: MANAGER_DAEMON,
    node: name,
    namespace: lab.namespace(name),
    url: `${managerUrl(topology)}/healthz`,
    log: lab.log(MANAGER_DAEMON),
    argv: [
      ...([node, `${checkout}/src/bin/nsx-manager.ts`, "run"] as const),
      ...["--store", store, "--state", root, "--name", eni.address, "--id", CONTROLLER_ID],
    ],
  };
}
