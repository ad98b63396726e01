import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { macOf } from "../../src/lab/topology.ts";
import { VM1_MAC, VM1_TEP } from "../e2e/crafted.ts";
import { address, inet, LAB, vpc } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";

const ENI = macOf({ address: VM1_TEP });

/** A virtual machine takes vm-1's place in the VPC: its cable, addresses and MACs. Gives what it says. */
function kernelEndpoint(): () => string {
  sh(`kill $(cat /run/pcg-${LAB}/vm-1/ovs-vswitchd.pid)`);
  vpc.run(`ip link del vm-1
    ip tuntap add dev vm-1 mode tap vnet_hdr
    ip link set vm-1 mtu 9001 master br-downlink
    ip link set vm-1 type bridge_slave learning off flood off mcast_flood off bcast_flood off proxy_arp on
    ip link set vm-1 up
    bridge fdb replace ${ENI} dev vm-1 master static`);
  const settings = {
    tep: `${VM1_TEP}/24`,
    mac: VM1_MAC,
    vni: 9096,
    label: "00003018",
    gateway: address.tep,
    fetch: `http://${address.inet}/`,
  };
  const machine = spawn(
    "nsenter",
    [
      `--net=/run/netns/${LAB}-vpc`,
      ...["setpriv", "--pdeathsig", "KILL", "bash", "test/image/endpoint/run.sh", "vm-1", ENI],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  machine.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  onTestFinished(() => void machine.kill());
  return () => said;
}

test("Debian's kernel with its own GENEVE driver is a VM of the overlay: DHCP, out and in by its Elastic IP", async () => {
  const said = kernelEndpoint();
  await until("it has a lease", () => /endpoint: lease: (\S+) via (\S+), MTU (\d+)/.exec(said()), 300_000);
  expect(said()).toContain(`endpoint: lease: ${address.vm1}/24 via ${address.gateway}, MTU 8943`);
  await until("it fetched", () => said().includes("endpoint: fetched"), 60_000);
  expect(said()).toContain(`endpoint: fetched: hello from inet, you are ${address.eip1}`);
  expect(inet.run(`curl -sS --max-time 10 http://${address.eip1}/`)).toBe("hello from a kernel's GENEVE device\n");
});
