import { spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { macOf } from "../../src/lab/topology.ts";
import { api, GATEWAY_POLICIES, given, TIER0 } from "../control/policy.ts";
import { address, inet, LAB, vpc } from "../e2e/nodes.ts";
import { sh, until } from "../kernel/namespace.ts";

const tep = "10.99.3.60";
const eni = macOf({ address: tep });
const mac = "02:00:00:00:64:09";
const ip = "192.168.100.60";
const eip = `${TIER0}/elastic-ips/eip-${address.eip1}`;

/** In the VPC: an interface more. */
function plugIn(): void {
  vpc.run(`ip tuntap add dev vm-9 mode tap vnet_hdr
    ip link set vm-9 mtu 9001 master br-downlink
    ip link set vm-9 type bridge_slave learning off flood off mcast_flood off bcast_flood off proxy_arp on
    ip link set vm-9 up
    ip neigh replace ${tep} lladdr ${eni} dev br-downlink nud permanent
    nft 'add element bridge vpc ports { "vm-9" }; add element bridge vpc macs { "vm-9" . ${eni} }
      add element bridge vpc owned { "vm-9" . ${tep} }'`);
  sh(`bridge -n ${LAB}-vpc fdb replace ${eni} dev vm-9 master static`);
  onTestFinished(() => void vpc.run("ip link del vm-9"));
}

/** At the manager: a VM more, with an address of its own, for which vm-1's Elastic IP is until the test ends. */
async function introduce(): Promise<void> {
  const make = async (path: string, body: object) => {
    onTestFinished(() => void api("DELETE", path));
    await given(path, body);
  };
  await make("/infra/virtual-machines/vm-9", { tep_address: tep, tep_label: 12_312 });
  const bindings = [{ mac_address: mac, ip_address: ip }];
  await make("/infra/segments/web/ports/vm-9", { attachment: { id: "vm-9" }, address_bindings: bindings });
  const lease = "/infra/segments/web/dhcp-static-binding-configs/vm-9";
  await make(lease, { resource_type: "DhcpV4StaticBindingConfig", mac_address: mac, ip_address: ip });
  await make(`${GATEWAY_POLICIES}/lab/rules/vm-9`, {
    action: "ALLOW",
    direction: "IN",
    destination_groups: [ip],
    services: ["/infra/services/published"],
  });
  onTestFinished(() => given(eip, { overlay_ip: address.vm1 }).then(() => undefined));
  await given(eip, { overlay_ip: ip });
}

/** Turns it on. Gives what it says so far. */
function boot(): () => string {
  const settings = {
    tep: `${tep}/24`,
    mac,
    vni: 9096,
    label: "00003018",
    gateway: address.tep,
    fetch: `http://${address.inet}/`,
  };
  const said: string[] = [];
  const machine = spawn(
    "nsenter",
    [
      `--net=/run/netns/${LAB}-vpc`,
      ...["bash", "test/image/endpoint/run.sh", "vm-9", eni],
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    ],
    { stdio: ["ignore", "pipe", "inherit"], detached: true },
  );
  machine.stdout.setEncoding("utf8").on("data", (text: string) => said.push(text));
  onTestFinished(() => {
    if (machine.pid !== undefined) process.kill(-machine.pid);
  });
  return () => said.join("");
}

test("Debian's kernel with its own GENEVE driver is a VM of the overlay: DHCP, out and in by its Elastic IP", async () => {
  plugIn();
  await introduce();
  const said = boot();
  await until("it has fetched", () => said().includes("endpoint: fetched"), 300_000);
  expect(said()).toContain(`endpoint: lease: ${ip}/24 via ${address.gateway}, MTU 8943`);
  expect(said()).toContain(`endpoint: fetched: hello from inet, you are ${address.eip1}`);
  expect(inet.run(`curl -sS --max-time 10 http://${address.eip1}/`)).toBe("hello from a kernel's GENEVE device\n");
});
