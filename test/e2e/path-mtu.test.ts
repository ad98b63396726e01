import { expect, onTestFinished, test } from "vitest";
import { address, host, inet, pings, vm1, vm2, vpc, wish } from "./nodes.ts";

test("fragments pass both ways, through both stages of the NAT and the tunnel", () => {
  expect(pings(vm1, address.inet, "-s 4000 -M dont")).toBe(true);
  expect(pings(vm2, address.inet, "-s 4000 -M dont")).toBe(true);
  expect(pings(inet, address.eip1, "-s 4000 -M dont")).toBe(true);
  expect(pings(host, address.vm1, "-s 8960 -M dont")).toBe(true);
});

/** What ping says when a router on the way refuses the size. */
const refusal = (from: typeof vm1, to: string, size: number): string =>
  from.run(`ping -c 1 -W 1 -M do -s ${size} ${to} || true`);

test("a packet too big for the Internet comes back to the VM as ICMP with the MTU", () => {
  onTestFinished(() => void vm1.run("ip route flush cache"));
  expect(refusal(vm1, address.inet, 3000)).toMatch(/From 192\.168\.100\.1 .*mtu = 1500/);
});

test("a packet too big for the overlay comes back to the VPC host as ICMP with the MTU", () => {
  onTestFinished(() => void host.run("ip route flush cache"));
  expect(refusal(host, address.vm1, 8960)).toMatch(/mtu = 8943/);
});

test("a narrow place in the Internet is found out from both sides, through both stages of the NAT", () => {
  const link = vpc.run(`ip route get ${address.inet} | grep -o 'dev [^ ]*' | cut -d' ' -f2`).trim();
  vpc.run(`ip link set ${link} mtu 1300`);
  onTestFinished(() => {
    vpc.run(`ip link set ${link} mtu 1500`);
    for (const node of [vm1, vm2, inet]) node.run("ip route flush cache");
  });
  expect(refusal(vm1, address.inet, 1400)).toMatch(/mtu = 1300/);
  expect(refusal(vm2, address.inet, 1400)).toMatch(/mtu = 1300/);
  const big = `head -c 300000 /dev/zero | curl -s --max-time 10 --data-binary @- -o /dev/null -w '%{http_code}' http://${address.inet}/`;
  expect(vm1.run(big)).toMatch(/^\d{3}$/);
  expect(vm2.run(big)).toMatch(/^\d{3}$/);
});

test("TCP towards the Internet starts with a segment size that fits it", () => {
  const said = vm1.run(
    `curl -s -o /dev/null http://${address.inet}/ & sleep 0.2; ss -tin 'dst ${address.inet}' || true; wait`,
  );
  expect(said).not.toContain("mss:8903");
});

test("the hops of a trace and a closed port come back to a VM through the NAT", () => {
  expect(vm1.run(`ping -c 1 -W 1 -t 1 ${address.inet} || true`)).toMatch(
    /From 192\.168\.100\.1 .*Time to live exceeded/,
  );
  expect(vm1.run(`ping -c 1 -W 1 -t 2 ${address.inet} || true`)).toMatch(/From \S+ .*Time to live exceeded/);
  expect(vm2.run(`curl -sS --max-time 3 http://${address.inet}:9/ 2>&1 || true`)).toMatch(/refused|Couldn't connect/);
  expect(vm1.run(knock(address.inet))).toContain("Connection refused");
});

test("a VM's error about a translated packet reaches the Internet as from its Elastic IP", async () => {
  onTestFinished(
    await wish((want) => ({
      firewall: [
        ...(want.firewall ?? []),
        {
          id: "udp",
          rules: [{ id: "udp-9", action: "ALLOW", services: [{ protocol: "udp", destinationPorts: "9" }] }],
        },
      ],
    })),
  );
  expect(inet.run(knock(address.eip1))).toContain("Connection refused");
});

/** Two datagrams to a closed port: the second tells what became of the first. */
const knock = (to: string) =>
  `timeout 3 bash -c 'exec 3<>/dev/udp/${to}/9; echo x >&3; sleep 0.3; echo y >&3' 2>&1 || true`;
