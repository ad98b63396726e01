import { afterAll, beforeAll, expect, test } from "vitest";
import { Box } from "./box.ts";
import { everyKind } from "./every-kind.ts";
import { Namespace, until } from "./namespace.ts";

const addresses = { uplink0: "10.99.1.10", downlink0: "10.99.3.44", mgmt0: "10.99.2.10" };
const config = {
  unit: "a",
  interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
  tep: { address: addresses.downlink0 },
};

/** A system call that a unit's filter forbids ends the process here; on the box it fails with EPERM. */
const strict = "[Service]\nSystemCallErrorNumber=\n";
const impatient = "[Service]\nWatchdogSec=2s\nTimeoutAbortSec=500ms\n";
const daemons = ["pcg-kernel", "pcgd"] as const;

let network: Namespace;
let box: Box;
beforeAll(async () => {
  network = Namespace.create("box");
  for (const [name, address] of Object.entries(addresses))
    network.run(
      `ip link add ${name} type veth peer name far-${name}; ip link set far-${name} up; ip addr add ${address}/24 dev ${name}; ip link set ${name} up`,
    );
  box = new Box(network, {
    start: "pcg.target",
    config: { "pcgd.yaml": JSON.stringify(config), "desired.yaml": JSON.stringify(everyKind) },
    units: Object.fromEntries([
      ...["pcg-load", ...daemons].map((unit) => [`${unit}.service.d/strict.conf`, strict]),
      ...daemons.map((unit) => [`${unit}.service.d/impatient.conf`, impatient]),
    ]),
  });
  const active = () => daemons.every((unit) => box.show(unit, "ActiveState") === "active");
  await until("the daemons are ready", active, 30_000).catch((error) => {
    throw new Error(["pcg-load", ...daemons].map((unit) => box.journal(unit)).join("\n"), { cause: error });
  });
});
afterAll(async () => {
  await box.remove();
  network.remove();
});

test("units bring the gateway up in their own confinement, and it realizes every kind of wish", async () => {
  expect(box.show("pcg-load", "Result")).toBe("success");
  expect(box.show("pcg-kernel", "StatusText")).toBe("serving uplink0, downlink0, mgmt0");
  await until("the wish is realized", () => box.show("pcgd", "StatusText") === "generation 1 is realized");
  expect(box.run("pcgd status")).toContain("overlay0");
  for (const unit of daemons) expect([unit, box.show(unit, "NRestarts")]).toEqual([unit, "0"]);
});

test.each([
  ["pcg-kernel", "pcg-kernel", "net_admin,bpf"],
  ["pcgd", "pcg", "none"],
])("%s runs as %s with %s, and can get no more", (unit, user, capabilities) => {
  const status = box.run(`cat /proc/${box.show(unit, "MainPID")}/status`);
  const bits = { "net_admin,bpf": (1n << 12n) | (1n << 39n), none: 0n }[capabilities];
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
  for (const set of ["CapPrm", "CapEff", "CapBnd", "CapAmb"]) expect(BigInt(`0x${field(set)}`)).toBe(bits);
  expect([field("NoNewPrivs"), field("Seccomp")]).toEqual(["1", "2"]);
  expect(box.run(`ps -o user:32= -p ${box.show(unit, "MainPID")}`).trim()).toBe(user);
});

test.each(daemons)("%s comes back when it is killed, and when it hangs", async (unit) => {
  const restarts = () => Number(box.show(unit, "NRestarts"));
  const back = async (what: string, n: number) =>
    until(
      `${unit} is back after it ${what}`,
      () => restarts() >= n && box.show(unit, "ActiveState") === "active",
      15_000,
    );
  const before = restarts();
  box.run(`systemctl kill -s KILL ${unit}`);
  await back("was killed", before + 1);
  box.run(`systemctl kill -s STOP ${unit}`);
  await back("hung", before + 2);
  expect(box.journal(unit)).toContain("Watchdog timeout");
});

test("the lock-down loads, and loads again, and the box makes itself one ssh key, whole", () => {
  box.run("systemctl start pcg-lockdown ssh-host-key; systemctl reload pcg-lockdown");
  expect(network.run("nft list tables")).toContain("table inet appliance");
  const key = "/var/lib/ssh/ssh_host_ed25519_key";
  const print = () => box.run(`ssh-keygen -l -f ${key}.pub`);
  const first = print();
  box.run("systemctl restart ssh-host-key");
  expect(print()).toBe(first);
  // The power was cut while it was being written.
  box.run(`truncate -s 40 ${key}; systemctl restart ssh-host-key; ssh-keygen -y -P "" -f ${key}`);
  expect(print()).not.toBe(first);
});

test("systemd-networkd understands its files, and leaves the gateway's interfaces, routes and rules alone", async () => {
  const datapath = () => network.run("ip -br -4 address; ip -4 rule; ip -4 route show table all");
  const before = datapath();
  const index = network.run("ip -o link show overlay0").split(":", 1)[0];
  box.run("systemctl start systemd-networkd");
  const its = () => box.run(`cat /run/systemd/netif/links/${index}`);
  await until("networkd leaves overlay0 alone", () => its().includes("ADMIN_STATE=unmanaged"));
  box.run("systemctl restart systemd-networkd; systemctl stop systemd-networkd systemd-networkd.socket");
  expect(datapath()).toBe(before);
  expect(box.journal("systemd-networkd")).not.toMatch(/unknown|invalid|failed to parse|ignoring/i);
});

test("stopping the target stops the daemons and leaves the datapath", () => {
  box.run("systemctl stop pcg.target pcgd pcg-kernel");
  for (const unit of daemons) expect(box.show(unit, "Result")).toBe("success");
  expect(network.run("nft list tables")).toContain("table ip pcg");
  expect(network.run("cat /proc/sys/net/ipv4/ip_forward").trim()).toBe("1");
});
