import { expect, test } from "vitest";
import { switchFlows, tlvMap } from "./switch-flows.ts";
import { topology } from "./topology.ts";

const [first, second] = topology.machines;
const flows = (vm: typeof first, among = topology) => (vm ? switchFlows(among, vm) : "");

test("switchFlows of vm-1", () => {
  expect(flows(first)).toMatchInlineSnapshot(`
    "table=0,priority=300,in_port=1,dl_dst=02:50:56:56:44:52,actions=set_field:9096->tun_id,set_field:0x3018->tun_metadata0,set_field:10.99.3.44->tun_dst,output:10
    table=0,priority=300,in_port=1,dl_dst=ff:ff:ff:ff:ff:ff,arp,arp_tpa=192.168.100.1,actions=set_field:9096->tun_id,set_field:0x3018->tun_metadata0,set_field:10.99.3.44->tun_dst,output:10
    table=0,priority=300,in_port=1,dl_dst=ff:ff:ff:ff:ff:ff,udp,tp_src=68,tp_dst=67,actions=set_field:9096->tun_id,set_field:0x3018->tun_metadata0,set_field:10.99.3.44->tun_dst,output:10
    table=0,priority=200,in_port=1,dl_dst=02:00:00:00:64:02,actions=set_field:9096->tun_id,set_field:0x3018->tun_metadata0,set_field:10.99.3.251->tun_dst,output:10
    table=0,priority=200,in_port=10,tun_id=9096,tun_src=10.99.3.251,dl_src=02:00:00:00:64:02,dl_dst=02:00:00:00:64:01,actions=output:1
    table=0,priority=200,in_port=10,tun_id=9096,tun_src=10.99.3.251,dl_src=02:00:00:00:64:02,dl_dst=ff:ff:ff:ff:ff:ff,arp,actions=output:1
    table=0,priority=100,in_port=1,dl_dst=ff:ff:ff:ff:ff:ff,arp,actions=set_field:9096->tun_id,set_field:0x3018->tun_metadata0,set_field:10.99.3.251->tun_dst,output:10
    table=0,priority=200,in_port=10,tun_id=9096,tun_src=10.99.3.44,dl_dst=02:00:00:00:64:01,actions=output:1
    table=0,priority=200,in_port=10,tun_id=9096,tun_src=10.99.3.44,dl_dst=ff:ff:ff:ff:ff:ff,actions=output:1
    table=0,priority=0,actions=drop
    "
  `);
});

test("switchFlows of either VM answer the other's", () => {
  expect(flows(second)).toContain(`dl_dst=${first?.mac},actions=set_field:9096->tun_id`);
  expect(flows(second)).toContain(`set_field:${first?.eni.address}->tun_dst`);
});

test("switchFlows of a VM alone on its segment send broadcasts to the gateway only", () => {
  const alone = flows(first, { ...topology, machines: topology.machines.slice(0, 1) });
  expect(alone).not.toContain("priority=100");
  expect([...alone.matchAll(/set_field:([\d.]+)->tun_dst/g)].map(([, tep]) => tep)).toEqual(
    Array(3).fill("10.99.3.44"),
  );
});

test("tlvMap is the gateway's option", () => {
  expect(tlvMap).toBe("{class=0x104,type=0x80,len=4}->tun_metadata0");
});
