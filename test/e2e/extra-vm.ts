import { onTestFinished } from "vitest";
import { OVERLAY_MTU } from "../../src/lab/topology.ts";
import { Namespace, sh } from "../kernel/namespace.ts";
import { address, LAB, vm2Underlay } from "./nodes.ts";

export const VM2_TEP = "10.99.3.251";
const GENEVE_PORT = 10;
const FIRST_PORT = 20;
const BROADCAST = "ff:ff:ff:ff:ff:ff";
/** For this test file: the switch's port numbers in use. */
const taken = new Set<number>();

const directory = `/run/pcg-${LAB}/vm-2`;
const control = (command: string) => sh(`ovs-vsctl --db=unix:${directory}/db.sock ${command}`);
const flows = (command: string) => sh(`OVS_RUNDIR=${directory} ovs-ofctl -O OpenFlow13 ${command}`);

/**
 * One more VM behind vm-2's switch until the test ends, with the interface eth0 on a segment. All it sends goes to the
 * gateway. It is alone of its kind on a segment: broadcasts go to the newest. The wish has to name its MAC.
 */
export function extraVm({ vni, mac }: { vni: number; mac: string }): Namespace {
  const number = FIRST_PORT + taken.size;
  taken.add(number);
  const vm = Namespace.create(`vm-${number}`);
  onTestFinished(() => vm.remove());
  const port = `extra-${number}`;
  sh(`ip -n ${vm2Underlay.name} link add ${port} mtu ${OVERLAY_MTU} type veth \
    peer name eth0 address ${mac} mtu ${OVERLAY_MTU} netns ${vm.name}`);
  onTestFinished(() => void sh(`ip -n ${vm2Underlay.name} link del ${port}`));
  sh(`ip -n ${vm2Underlay.name} link set ${port} up`);
  vm.run("ethtool -K eth0 tx off tso off gso off > /dev/null; ip link set eth0 up");
  control(`add-port nsx-managed ${port} -- set interface ${port} ofport_request=${number}`);
  onTestFinished(() => void control(`del-port nsx-managed ${port}`));
  const back = `cookie=${number},priority=400,in_port=${GENEVE_PORT},tun_id=${vni},tun_src=${address.tep}`;
  const toGateway = `set_field:${vni}->tun_id,set_field:0x3019->tun_metadata0,set_field:${address.tep}->tun_dst`;
  for (const flow of [
    `cookie=${number},priority=400,in_port=${number},actions=${toGateway},output:${GENEVE_PORT}`,
    `${back},dl_dst=${mac},actions=output:${number}`,
    `${back},dl_dst=${BROADCAST},actions=output:1,output:${number}`,
  ])
    flows(`add-flow nsx-managed '${flow}'`);
  onTestFinished(() => void flows(`del-flows nsx-managed cookie=${number}/-1`));
  return vm;
}
