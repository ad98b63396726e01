import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inside } from "./inside.ts";
import { Namespace, until } from "./namespace.ts";
import { Prober } from "./prober.ts";

const file = "appliance/rootfs/usr/lib/pcg/lockdown.nft";
const METADATA = "169.254.169.254";

/** The box's three interfaces and overlay0, each with somebody at its far end. */
const sides = {
  mgmt0: { box: "10.99.2.10", far: "10.99.2.7" },
  uplink0: { box: "10.99.1.10", far: "10.99.1.7" },
  downlink0: { box: "10.99.3.44", far: "10.99.3.7" },
  overlay0: { box: "192.168.100.1", far: "192.168.100.7" },
} as const;
type Side = keyof typeof sides;
const names = Object.keys(sides) as Side[];
const six = (address: string) => `fd00::${address.replaceAll(".", ":")}`;

/** Answers on every port that anything of this table speaks of, and on one of which nothing does. */
const echo = `
  const { createServer } = require("node:net"), { createSocket } = require("node:dgram");
  for (const port of [22, 80, 443, 5555, 8080, 9999]) createServer((c) => c.on("error", () => {}).pipe(c)).listen(port, "::");
  for (const port of [6081, 3784, 9999]) {
    const s = createSocket("udp6").on("message", (m, from) => s.send(m, from.port, from.address));
    s.bind(port, "::");
  }
  process.stderr.write("listening");`;

let box: Namespace;
const far = new Map<Side, Namespace>();
const servers: ReturnType<Namespace["start"]>[] = [];
const probers = new Map<Namespace, Prober>();
/** In the box, and not root. */
let nobody: Prober;
const NOBODY = 65_534;
const at = (side: Side): Namespace => far.get(side) ?? box;

beforeAll(async () => {
  box = Namespace.create("box");
  box.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  for (const name of names) {
    const { box: own, far: its } = sides[name];
    const other = Namespace.create(name);
    far.set(name, other);
    box.run(`ip link add ${name} type veth peer name eth0 netns ${other.name}
      ip addr add ${own}/24 dev ${name}; ip -6 addr add ${six(own)}/112 dev ${name} nodad; ip link set ${name} up`);
    other.run(`ip addr add ${its}/24 dev eth0; ip -6 addr add ${six(its)}/112 dev eth0 nodad; ip link set eth0 up
      ip route add default via ${own}; ip -6 route add default via ${six(own)}`);
  }
  at("mgmt0").run(`ip addr add ${METADATA}/32 dev eth0`);
  at("uplink0").run(`ip addr add ${METADATA}/32 dev eth0`);
  box.run(`ip route add ${METADATA} dev mgmt0`);
  for (const namespace of [box, ...far.values()]) servers.push(namespace.start(process.execPath, ["-e", echo]));
  await Promise.all(servers.map((server) => until("servers listen", () => server.said().includes("listening"))));
  for (const namespace of [box, ...far.values()]) probers.set(namespace, await Prober.start(namespace));
  nobody = await Prober.start(box, { uid: NOBODY });
  box.run(`nft -f ${file}`);
});
afterAll(async () => {
  for (const program of [...servers, ...probers.values(), nobody]) await program.stop();
  for (const namespace of [box, ...far.values()]) namespace.remove();
});

const prober = (namespace: Namespace): Prober => probers.get(namespace) ?? nobody;
/** Whether what is sent comes back. */
const exchange = async (from: Namespace, protocol: "tcp" | "udp", address: string, port: number): Promise<boolean> =>
  (await prober(from).ask({ protocol, address, port })) === "here";
/** Those of which it is true, found out of all at once. */
async function those<T>(all: readonly T[], isTrue: (one: T) => boolean | Promise<boolean>): Promise<T[]> {
  const found = await Promise.all(all.map(isTrue));
  return all.filter((_, i) => found[i]);
}
/** What answers the box on port 80, by its first word. */
const answerOf = (address: string, asker = prober(box), waitMs?: number): Promise<string> =>
  asker.ask({ protocol: "tcp", address, port: 80 }, waitMs);
const pings = (from: Namespace, address: string): boolean =>
  from.run(`ping -n -c 1 -W 0.4 ${address} >/dev/null && echo yes || echo no`) === "yes\n";
const roles = (verb: "add" | "delete") =>
  box.run(
    `nft ${verb} element inet appliance management { mgmt0 }; nft ${verb} element inet appliance downlink { downlink0 }`,
  );
const counted = (name: string) =>
  Number(/packets (\d+)/.exec(box.run(`nft list counter inet appliance ${name}`))?.[1] ?? Number.NaN);

test("nobody reaches anything before the roles are known", async () => {
  expect(await those(names, (side) => exchange(at(side), "tcp", sides[side].box, 22))).toEqual([]);
  expect(await those(names, (side) => exchange(at(side), "udp", sides[side].box, 6081))).toEqual([]);
  expect(await exchange(at("downlink0"), "tcp", sides.uplink0.far, 80)).toBe(false);
});

test("each interface lets in what is its role's, and nothing else", async () => {
  roles("add");
  const open = async (side: Side) => {
    const [tcp, udp] = await Promise.all([
      those([22, 443, 5555, 8080, 9999], (port) => exchange(at(side), "tcp", sides[side].box, port)),
      those([6081, 3784, 9999], (port) => exchange(at(side), "udp", sides[side].box, port)),
    ]);
    return [...tcp, ...udp.map((port) => `udp ${port}`), ...(pings(at(side), sides[side].box) ? ["ping"] : [])];
  };
  const found = await Promise.all(names.map(async (side) => [side, await open(side)] as const));
  expect(Object.fromEntries(found)).toEqual({
    mgmt0: [22, 443, 5555, 8080, "ping"],
    uplink0: [],
    downlink0: [5555, "udp 6081", "udp 3784", "ping"],
    overlay0: ["ping"],
  });
});

test("no door is opened by an address that belongs to another interface", async () => {
  const found = await Promise.all([
    exchange(at("uplink0"), "tcp", sides.mgmt0.box, 22),
    exchange(at("overlay0"), "tcp", sides.mgmt0.box, 443),
    exchange(at("uplink0"), "udp", sides.downlink0.box, 6081),
  ]);
  expect(found).toEqual([false, false, false]);
});

test("packets are passed on between overlay, downlink and uplink, never from or to management", async () => {
  const ways = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })));
  const passes = await those(ways, ({ from, to }) => exchange(at(from), "tcp", sides[to].far, 80));
  expect(passes.map(({ from, to }) => `${from} → ${to}`)).toEqual([
    "uplink0 → downlink0",
    "uplink0 → overlay0",
    "downlink0 → uplink0",
    "downlink0 → overlay0",
    "overlay0 → uplink0",
    "overlay0 → downlink0",
  ]);
});

test("the metadata service answers root alone, and nobody whose packets pass through", async () => {
  const before = counted("refused-metadata");
  expect(await answerOf(METADATA)).toBe("here");
  expect(await answerOf(METADATA, nobody)).toBe("");
  expect(counted("refused-metadata")).toBeGreaterThan(before);
  box.run(`ip route replace ${METADATA} dev uplink0`);
  expect(await answerOf(METADATA)).toBe("here");
  const through = await those(["overlay0", "downlink0"] as const, (side) => exchange(at(side), "tcp", METADATA, 80));
  expect(through).toEqual([]);
});

test("IPv6 neither comes in, nor goes out, nor passes through", async () => {
  const answers = async () => [
    pings(at("mgmt0"), six(sides.mgmt0.box)),
    await exchange(at("mgmt0"), "tcp", six(sides.mgmt0.box), 22),
    pings(box, six(sides.mgmt0.far)),
    await exchange(at("overlay0"), "tcp", six(sides.uplink0.far), 80),
  ];
  box.run("nft delete table inet appliance");
  // And so neighbours are known, whose discovery would be refused too.
  expect(await answers()).toEqual([true, true, true, true]);
  box.run(`nft -f ${file}`);
  roles("add");
  expect(await answers()).toEqual([false, false, false, false]);
  expect(pings(box, "::1")).toBe(true);
});

test("loading it again keeps roles, counters and connections, and changes no rule", async () => {
  const back = inside(at("mgmt0"));
  const socket = connect(22, sides.mgmt0.box);
  await once(socket, "connect");
  back();
  const list = () => box.run("nft -s list table inet appliance");
  const [rules, refused] = [list(), counted("refused-input")];
  box.run(`nft -f ${file}; nft -f ${file}`);
  expect(list()).toBe(rules);
  expect(counted("refused-input")).toBe(refused);
  // Even when the interface loses its role: what is established stays.
  roles("delete");
  socket.write("still here");
  expect(String((await once(socket, "data"))[0])).toBe("still here");
  expect(await exchange(at("mgmt0"), "tcp", sides.mgmt0.box, 22)).toBe(false);
  socket.destroy();
  roles("add");
});

test("it gets on with the gateway's own table, and neither loads nor flushes it", async () => {
  box.run("nft add table ip pcg; nft 'add chain ip pcg input { type filter hook input priority 0; policy accept; }'");
  box.run(`nft -f ${file}`);
  expect(box.run("nft list tables")).toBe("table inet appliance\ntable ip pcg\n");
  expect(await exchange(at("uplink0"), "tcp", sides.uplink0.box, 22)).toBe(false);
});

/** In place of what stood there. nft of Debian 12 wants a line's end before a brace. */
const loadPcg = (chains: string) =>
  box.run(`nft 'table ip pcg\ndelete table ip pcg\ntable ip pcg { ${chains.replaceAll("}", "\n}\n")}\n}'`);

/** An address of nobody, whose packets another table could turn into questions to the metadata service. */
const DECOY = "10.99.2.200";

/** There are so many attacks; an answer needs a millisecond. */
const SHORT_MS = 100;

const hooks = (priority: number) => ({
  out: `type filter hook output priority ${priority}; policy accept;`,
  in: `type filter hook prerouting priority ${priority}; policy accept;`,
  post: `type filter hook postrouting priority ${priority}; policy accept;`,
  input: `type filter hook input priority ${priority}; policy accept;`,
});
const redirect = (at: string) => `ip daddr ${METADATA} tcp dport 80 ${at}`;
const nat = (hook: string, priority: number, rule: string) =>
  `chain x { type nat hook ${hook} priority ${priority}; policy accept; ${rule}; }`;

/** What pcgd could do were it able to write any chain of its table, and nothing else. */
const attacks: string[] = [
  nat("output", -100, redirect("redirect to :8181")),
  nat("output", -199, redirect("redirect to :8181")),
  nat("output", 100, redirect("dnat to 127.0.0.1:8181")),
  nat("output", -100, redirect("dnat to 10.99.2.10:8181")),
  nat("output", -100, `ip daddr ${DECOY} dnat to ${METADATA}`),
  nat("postrouting", 100, `ip daddr ${METADATA} snat to 10.99.1.10`),
  ...[-2_147_483_648, -1_000, -300, -150, -11, 10, 300, 2_147_483_646].flatMap((priority) => {
    const { out, in: back, post, input } = hooks(priority);
    const asked = `ip daddr ${DECOY} tcp dport 80 ip daddr set ${METADATA}`;
    const answered = `ip saddr ${METADATA} tcp sport 80 ip saddr set ${DECOY}`;
    const stolen = `ip daddr ${METADATA} tcp dport 80 tcp dport set 8181 ip daddr set 10.99.2.10`;
    const forged = `tcp sport 8181 tcp sport set 80 ip saddr set ${METADATA}`;
    return [
      `chain x { ${out} ${asked}; } chain y { ${back} ${answered}; }`,
      `chain x { ${out} ${asked}; } chain y { ${input} ${answered}; }`,
      `chain x { ${post} ${asked}; } chain y { ${back} ${answered}; }`,
      `chain x { ${out} notrack; ${asked}; } chain y { ${back} notrack; ${answered}; }`,
      `chain x { ${out} ${stolen}; ${forged}; }`,
      `chain x { ${out} ${stolen}; } chain y { ${back} ${forged}; }`,
      `chain x { ${out} ${stolen}; } chain y { ${input} ${forged}; }`,
      `chain x { ${post} ${stolen}; } chain y { ${back} ${forged}; }`,
      `chain x { ${out} meta mark set 1; ip daddr ${METADATA} dup to 10.99.2.10; }`,
    ];
  }),
];

test("whatever stands in another table, the metadata service is root's alone, and nobody else answers for it", async () => {
  box.run(`nft delete table ip pcg 2>/dev/null || true; ip route replace ${METADATA} dev mgmt0`);
  const evil = `require("node:net").createServer((c) => c.on("error", () => {}).end("evil\\n")).listen(8181, "::", () => process.stderr.write("listening"))`;
  const impostor = box.start(process.execPath, ["-e", evil]);
  await until("the impostor listens", () => impostor.said().includes("listening"));
  box.run(
    `ip neigh replace ${DECOY} lladdr "$(ip -n ${at("mgmt0").name} -br link show eth0 | awk '{print $3}')" dev mgmt0`,
  );
  try {
    expect(await answerOf(METADATA)).toBe("here");
    const taken: object[] = [];
    for (const attack of attacks) {
      loadPcg(attack);
      const [root, other, decoy] = await Promise.all([
        answerOf(METADATA, prober(box), SHORT_MS),
        answerOf(METADATA, nobody, SHORT_MS),
        answerOf(DECOY, nobody, SHORT_MS),
      ]);
      if (root.replace("here", "") + other + decoy !== "") taken.push({ attack, root, other, decoy });
    }
    expect(taken).toEqual([]);
    // Translation cannot so much as disturb it.
    loadPcg(attacks[0] ?? "");
    expect(await answerOf(METADATA)).toBe("here");
    box.run("nft delete table ip pcg");
  } finally {
    await impostor.stop();
    box.run(`ip neigh del ${DECOY} dev mgmt0`);
  }
});

test("no other table opens a door by changing what came in", async () => {
  for (const rule of [
    "chain x { type nat hook prerouting priority -100; tcp dport 5555 redirect to :22; }",
    "chain x { type filter hook prerouting priority -300; tcp dport 5555 tcp dport set 22; }",
    "chain x { type filter hook input priority 0; tcp dport 5555 tcp dport set 22; }",
    "chain x { type nat hook prerouting priority -100; tcp dport 5555 dnat to 10.99.2.10:443; }",
  ]) {
    loadPcg(rule);
    const before = counted("refused-input");
    const open = await those([22, 5555], (port) => exchange(at("downlink0"), "tcp", sides.downlink0.box, port));
    expect([rule, open]).toEqual([rule, []]);
    expect(counted("refused-input")).toBeGreaterThan(before);
  }
  box.run("nft delete table ip pcg");
});
