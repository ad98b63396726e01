import { stringify } from "yaml";
import type { LabPaths } from "./lab-paths.ts";
import type { Programs } from "./machine.ts";
import { askManager, managerFiles, managerUrl } from "./manager.ts";
import type { Setup } from "./setup.ts";
import type { Step } from "./step.ts";
import type { GatewayUnit, Topology } from "./topology.ts";
import { labWish, unitConfig } from "./wish.ts";

/** System users of the two processes; both in one group, so that pcgd can knock at pcg-kernel's door. */
export const GATEWAY_GROUP = "pcg";
export const gatewayUsers = { pcgd: "pcg", "pcg-kernel": "pcg-kernel" } as const;
export type GatewayDaemon = keyof typeof gatewayUsers;

/** Where a unit's files are. */
export function gatewayFiles(lab: LabPaths, { name }: GatewayUnit) {
  const root = lab.node(name);
  return {
    root,
    config: `${root}/pcgd.yaml`,
    kernelSocket: `${root}/kernel.sock`,
    socket: `${root}/pcgd.sock`,
    bpffs: `${root}/bpf`,
    state: `${root}/state`,
    credentials: `${root}/credentials`,
    joinToken: `${root}/join.token`,
    appliance: `${root}/opt`,
  };
}

export const wishFile = (topology: Topology, lab: LabPaths): Step => ({
  kind: "file",
  path: lab.desired,
  text: `# What the laboratory wants of its gateways. Edit it: pcgd reads it again when it changes.\n${stringify(labWish(topology))}`,
});

export interface GatewayPlan extends Setup {
  readonly topology: Topology;
  readonly lab: LabPaths;
  readonly programs: Programs;
}

/** A gateway unit from power-on: its files, then the two processes as they run on the appliance. */
export function gateway(plan: GatewayPlan, unit: GatewayUnit): readonly Step[] {
  const { topology, lab, programs, wishing } = plan;
  const files = gatewayFiles(lab, unit);
  const group = `:${GATEWAY_GROUP}`;
  return [
    // Both processes make their sockets here, and neither can remove the other's.
    { kind: "directory", path: files.root, owner: `root${group}`, mode: "3775" },
    { kind: "directory", path: files.appliance },
    { kind: "directory", path: `${files.appliance}/pcg` },
    { kind: "directory", path: files.state, owner: `${gatewayUsers.pcgd}${group}`, mode: "0750" },
    // Outside of both processes, so that what is pinned here outlives them.
    { kind: "bpffs", path: files.bpffs, owner: `${gatewayUsers["pcg-kernel"]}${group}` },
    { kind: "file", path: files.config, text: stringify(unitConfig(topology, unit, wishing)) },
    ...(wishing === "manager" ? enrolment(plan, unit) : []),
    loadPrograms(lab, unit, programs),
    gatewayDaemon(lab, unit, "pcg-kernel", programs),
    gatewayDaemon(lab, unit, "pcgd", programs),
  ];
}

/** The unit proves with a token who it is, and gets its certificate. */
function enrolment({ topology, lab, programs }: GatewayPlan, unit: GatewayUnit): readonly Step[] {
  const files = gatewayFiles(lab, unit);
  const node = `pcg-${unit.name}`;
  const as = { checkout: programs.checkout, user: gatewayUsers.pcgd, capabilities: "-all" };
  const join = askManager(topology, lab, programs, ["join", "gateway", node]);
  const enrol = onTheAppliance(lab, unit, as, [
    ...(["pcgd.ts", "enrol", "--credentials", files.credentials] as const),
    ...[
      "--manager",
      managerUrl(topology),
      "--pin",
      `@${managerFiles(lab, topology).pin}`,
      "--token",
      `@${files.joinToken}`,
    ],
  ]);
  return [
    { kind: "directory", path: files.credentials, owner: `${gatewayUsers.pcgd}:${GATEWAY_GROUP}`, mode: "0750" },
    {
      ...join,
      kind: "run",
      argv: ["sh", "-ec", `umask 077; "$@" >"$0"; chown ${gatewayUsers.pcgd} "$0"`, files.joinToken, ...join.argv],
    },
    { kind: "run", argv: enrol, namespace: lab.namespace(node) },
  ];
}

export const gatewayDaemonName = ({ name }: GatewayUnit, daemon: GatewayDaemon): string => `${daemon}-${name}`;

function gatewayDaemon(lab: LabPaths, unit: GatewayUnit, daemon: GatewayDaemon, { checkout }: Programs): Step {
  const files = gatewayFiles(lab, unit);
  const node = `pcg-${unit.name}`;
  const name = gatewayDaemonName(unit, daemon);
  const run: Record<GatewayDaemon, { argv: string[]; socket: string; capabilities: string }> = {
    "pcg-kernel": {
      argv: ["--config", files.config, "--socket", files.kernelSocket, "--bpffs", files.bpffs],
      socket: files.kernelSocket,
      capabilities: "-all,+net_admin,+bpf",
    },
    pcgd: {
      argv: [
        ...["run", "--config", files.config, "--desired", lab.desired],
        ...["--kernel", files.kernelSocket, "--socket", files.socket, "--state", files.state],
        ...["--credentials", files.credentials],
      ],
      socket: files.socket,
      capabilities: "-all",
    },
  };
  const { argv, socket, capabilities } = run[daemon];
  return {
    kind: "daemon",
    name,
    node,
    namespace: lab.namespace(node),
    socket,
    log: lab.log(name),
    argv: onTheAppliance(lab, unit, { checkout, user: gatewayUsers[daemon], capabilities }, [`${daemon}.ts`, ...argv]),
  };
}

/** What the appliance does before pcg-kernel starts: the one step that needs CAP_PERFMON and CAP_SYS_ADMIN. */
export const loadPrograms = (lab: LabPaths, unit: GatewayUnit, { checkout }: Programs): Step => {
  const as = { checkout, user: gatewayUsers["pcg-kernel"], capabilities: "-all,+net_admin,+bpf,+perfmon,+sys_admin" };
  const { bpffs } = gatewayFiles(lab, unit);
  return { kind: "run", argv: onTheAppliance(lab, unit, as, ["pcg-kernel.ts", "load", "--bpffs", bpffs]) };
};

/**
 * Megabytes of a half of what V8 keeps for new objects. By itself it takes 16, three times over, once there was much to do
 * at once: more than all else of an idle daemon.
 */
const NODE_FLAG = "--max-semi-space-size=2";

interface As {
  readonly checkout: string;
  readonly user: string;
  readonly capabilities: string;
}

const onTheAppliance = (
  lab: LabPaths,
  unit: GatewayUnit,
  { checkout, user, capabilities }: As,
  [program, ...argv]: readonly [string, ...string[]],
) =>
  [
    ...(["unshare", "--mount", "--propagation", "private", "sh", "-ec"] as const),
    ...[asOnTheAppliance, checkout, gatewayFiles(lab, unit).appliance],
    ...["setpriv", "--reuid", user, "--regid", GATEWAY_GROUP, "--clear-groups"],
    ...[`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`, `--bounding-set=${capabilities}`],
    ...["--no-new-privs", "/opt/pcg/node_modules/.bin/node", NODE_FLAG, `/opt/pcg/src/bin/${program}`, ...argv],
  ] as const;

/**
 * `$0` the checkout, `$1` an empty place for /opt, the rest the command. The product is at /opt/pcg as on the
 * appliance, whoever may enter the checkout; only this process sees it there, and it cannot write to it.
 */
const asOnTheAppliance = 'mount -o bind,ro "$0" "$1/pcg"; mount --rbind "$1" /opt; shift; umask 0007; cd /; exec "$@"';
