import { expect, test } from "vitest";
import { gatewayDaemonName } from "./gateway.ts";
import { labPaths } from "./lab-paths.ts";
import { allSteps, plan } from "./plan.ts";
import { type Step, undoOf } from "./step.ts";
import { topology } from "./topology.ts";

const programs = {
  node: "/n/node",
  checkout: "/src",
  httpHost: "/src/http.ts",
  dhcpScript: "/src/dhcp.sh",
  metadataHost: "/src/m.ts",
  packetBuffers: "/src/p.ts",
};
const steps = allSteps(plan(topology, labPaths("x"), programs, { wishing: "manager" }));
const daemons = steps.flatMap((step) => (step.kind === "daemon" ? [step] : []));

/** The namespaces a step needs to be there. */
function needs(step: Step): readonly string[] {
  if (step.kind !== "run" && step.kind !== "daemon") return [];
  const entered = step.argv[1] === "-n" ? [step.argv[2]] : [step.namespace];
  const cabled = [...(step.stdin ?? "").matchAll(/ netns (\S+)/g)].map(([, name]) => name);
  return [...entered, ...cabled].filter((name) => name !== undefined);
}

test("plan makes every namespace before it is used, and each with the laboratory's name", () => {
  const made = new Set<string>();
  for (const step of steps) {
    if (step.kind === "namespace") made.add(step.name);
    for (const name of needs(step)) expect([...made]).toContain(name);
  }
  expect([...made].filter((name) => !name.startsWith("x-"))).toEqual([]);
  expect(made.size).toBe(9);
});

test("plan creates links only inside namespaces", () => {
  const adding = steps.filter((step) => step.kind === "run" && /^link add/m.test(step.stdin ?? ""));
  expect(adding.length).toBeGreaterThan(5);
  for (const step of adding) expect(step.kind === "run" && step.argv.slice(0, 2)).toEqual(["ip", "-n"]);
});

test("undoOf gives every step that adds to the machine its undo", () => {
  expect(steps.filter((step) => step.kind !== "run").map(undoOf)).not.toContain(undefined);
});

test("plan names each daemon once", () => {
  expect(new Set(daemons.map(({ name }) => name)).size).toBe(daemons.length);
});

test("plan starts the gateway's processes with no more than they need, kernel first", () => {
  const [unit] = topology.units;
  const names = unit ? (["pcg-kernel", "pcgd"] as const).map((daemon) => gatewayDaemonName(unit, daemon)) : [];
  const ours = daemons.filter(({ name }) => names.includes(name)).map(({ argv }) => argv.slice(8).join(" "));
  expect(ours).toMatchInlineSnapshot(`
    [
      "/run/pcg-x/a/opt setpriv --reuid pcg-kernel --regid pcg --clear-groups --inh-caps=-all,+net_admin,+bpf --ambient-caps=-all,+net_admin,+bpf --bounding-set=-all,+net_admin,+bpf --no-new-privs /opt/pcg/node_modules/.bin/node --max-semi-space-size=2 /opt/pcg/src/bin/pcg-kernel.ts --config /run/pcg-x/a/pcgd.yaml --socket /run/pcg-x/a/kernel.sock --bpffs /run/pcg-x/a/bpf",
      "/run/pcg-x/a/opt setpriv --reuid pcg --regid pcg --clear-groups --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs /opt/pcg/node_modules/.bin/node --max-semi-space-size=2 /opt/pcg/src/bin/pcgd.ts run --config /run/pcg-x/a/pcgd.yaml --desired /run/pcg-x/desired.yaml --kernel /run/pcg-x/a/kernel.sock --socket /run/pcg-x/a/pcgd.sock --state /run/pcg-x/a/state --credentials /run/pcg-x/a/credentials",
    ]
  `);
});

test("plan of units that are virtual machines gives each three cables, DHCP, and no namespace", () => {
  const setup = { wishing: "manager", image: "/images/pcg.qcow2" } as const;
  const ours = allSteps(plan(topology, labPaths("x"), programs, setup));
  const named = ours.flatMap((step) => (step.kind === "daemon" ? [step] : []));
  const machine = named.find(({ name }) => name === "pcg-a");
  expect(machine?.argv.filter((word) => word.startsWith("tap,"))).toMatchInlineSnapshot(`
    [
      "tap,id=n0,ifname=pcg-a-up,script=no,downscript=no",
      "tap,id=n1,ifname=pcg-a-down,script=no,downscript=no",
      "tap,id=n2,ifname=pcg-a-mgmt,script=no,downscript=no",
    ]
  `);
  expect(named.map(({ name }) => name)).toContain("vpc-dhcp");
  expect(named.some(({ name }) => name.startsWith("pcgd"))).toBe(false);
  expect(ours.filter((step) => step.kind === "namespace" && step.name === "x-pcg-a")).toEqual([]);
  const taps = ours.flatMap((step) =>
    step.kind === "run" ? [...(step.stdin ?? "").matchAll(/tuntap add dev (\S+)/g)] : [],
  );
  expect(taps.map(([, name]) => name)).toEqual(["pcg-a-up", "pcg-a-down", "pcg-a-mgmt"]);
});
