import type { LabPaths } from "./lab-paths.ts";
import type { Programs } from "./machine.ts";
import { labPolicy } from "./policy.ts";
import type { Step } from "./step.ts";
import type { Topology } from "./topology.ts";

/** Where the manager's files are. */
export function managerFiles(lab: LabPaths, { manager }: Topology) {
  const root = lab.node(manager.name);
  return {
    root,
    store: `${root}/manager.db`,
    socket: `${root}/manager.sock`,
    /** Of an administrator of the API. */
    token: `${root}/admin.token`,
    /** By which clients and nodes know the manager. */
    authority: `${root}/authority.pem`,
    pin: `${root}/pin`,
    policy: `${root}/policy.json`,
    joinToken: (gateway: string) => `${root}/join-${gateway}.token`,
  };
}

export const managerUrl = ({ manager }: Topology): string => `https://${manager.eni.address}`;

/** The manager from an empty store: its daemon, an administrator's token, what the laboratory wants, a token a unit. */
export function manager(topology: Topology, lab: LabPaths, programs: Programs): readonly Step[] {
  const files = managerFiles(lab, topology);
  const toFile = (file: string, ...args: string[]): Step => ({
    kind: "run",
    argv: ["sh", "-ec", 'umask 077; out="$0"; "$@" >"$out"', file, ...command(lab, topology, programs, args)],
  });
  return [
    { kind: "directory", path: files.root },
    { kind: "file", path: files.policy, text: `${JSON.stringify(labPolicy(topology), undefined, 2)}\n` },
    managerDaemon(topology, lab, programs),
    toFile(files.token, "token", "--role", "admin", "--name", "laboratory"),
    toFile(files.authority, "authority"),
    toFile(files.pin, "pin"),
    { kind: "run", argv: command(lab, topology, programs, ["apply", files.policy]) },
    ...topology.units.map(({ name }) => toFile(files.joinToken(`pcg-${name}`), "join", "gateway", `pcg-${name}`)),
  ];
}

const command = (lab: LabPaths, topology: Topology, { node, checkout }: Programs, args: readonly string[]) =>
  [node, `${checkout}/src/bin/nsx-manager.ts`, ...args, "--socket", managerFiles(lab, topology).socket] as const;

export const MANAGER_DAEMON = "nsx-manager";

function managerDaemon(topology: Topology, lab: LabPaths, { node, checkout }: Programs): Step {
  const { root, store, socket } = managerFiles(lab, topology);
  const { name, eni } = topology.manager;
  return {
    kind: "daemon",
    name: MANAGER_DAEMON,
    node: name,
    namespace: lab.namespace(name),
    socket,
    log: lab.log(MANAGER_DAEMON),
    argv: [
      ...([node, `${checkout}/src/bin/nsx-manager.ts`, "run"] as const),
      ...["--store", store, "--state", root, "--socket", socket, "--name", eni.address],
    ],
  };
}
