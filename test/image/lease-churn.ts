import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { api, realized, TIER0 } from "../control/policy.ts";
import { extraVm } from "../e2e/extra-vm.ts";
import { LAB, vm2Underlay } from "../e2e/nodes.ts";
import type { Namespace } from "../kernel/namespace.ts";

const SEGMENT = "churn";
const VNI = 9_200;
const CLIENTS = 200;

const macOf = (n: number): string => `02:00:00:00:78:${n.toString(16).padStart(2, "0")}`;

/** A segment with many NICs of vm-2 on it, of which none has a lease yet. */
export async function churnSegment(): Promise<Namespace> {
  const ports = Array.from({ length: CLIENTS }, (_, n) => ({
    resource_type: "ChildSegmentPort",
    SegmentPort: {
      id: `churn-${n}`,
      attachment: { id: "vm-2" },
      address_bindings: [{ mac_address: macOf(n) }],
    },
  }));
  const Segment = {
    id: SEGMENT,
    connectivity_path: TIER0,
    overlay_id: VNI,
    dhcp_config_path: "/infra/dhcp-server-configs/lab",
    subnets: [{ gateway_address: "192.168.120.1/24", dhcp_ranges: ["192.168.120.10-192.168.120.250"] }],
    children: ports,
  };
  api("PATCH", "/infra", { resource_type: "Infra", children: [{ resource_type: "ChildSegment", Segment }] });
  await realized(`/infra/segments/${SEGMENT}/ports/churn-${CLIENTS - 1}`);
  const vm = extraVm({ vni: VNI, mac: macOf(0) });
  // Whichever of its MACs an answer is for.
  const flow = `priority=300,in_port=10,tun_id=${VNI},tun_src=10.99.3.44,actions=output:20`;
  vm2Underlay.run(`OVS_RUNDIR=/run/pcg-${LAB}/vm-2 ovs-ofctl -O OpenFlow13 add-flow nsx-managed '${flow}'`);
  return vm;
}

/** Clients that ask for their first lease, one after the other, as fast as they get them. */
export interface Churn {
  /** What the gateway acknowledged so far: `MAC address`. */
  acknowledged(): readonly string[];
  stop(): Promise<void>;
}

/** From client `first` on. */
export function churn(vm: Namespace, first: number): Churn {
  const directory = mkdtempSync(join(tmpdir(), "pcg-churn-"));
  const acknowledged = join(directory, "acknowledged");
  const script = join(directory, "bound");
  writeFileSync(script, `#!/bin/sh\n[ "$1" != bound ] || echo "$MAC $ip" >>${acknowledged}\n`, { mode: 0o755 });
  const macs = Array.from({ length: CLIENTS - first }, (_, n) => macOf(first + n)).join(" ");
  const run = vm.start("bash", [
    "-c",
    `for MAC in ${macs}; do
       export MAC; ip link set eth0 down; ip link set eth0 address $MAC; ip link set eth0 up
       udhcpc -f -q -n -i eth0 -t 5 -T 2 -s ${script} || true
     done`,
  ]);
  onTestFinished(async () => {
    await run.stop();
    rmSync(directory, { recursive: true });
  });
  return {
    acknowledged: () => (existsSync(acknowledged) ? readFileSync(acknowledged, "utf8").trimEnd().split("\n") : []),
    stop: () => run.stop(),
  };
}
