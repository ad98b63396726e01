import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ManagedUnit, type RunningManager } from "./managed-unit.ts";
import { until } from "./namespace.ts";

let one: ManagedUnit;
let agent: () => readonly string[];
let removals: () => readonly string[];

const base = {
  resource_type: "Infra",
  children: [
    { resource_type: "ChildVirtualMachine", VirtualMachine: { id: "vm-1", tep_address: "10.99.3.248" } },
    {
      resource_type: "ChildTier0",
      Tier0: {
        id: "t0",
        children: [
          {
            resource_type: "ChildElasticIp",
            ElasticIp: {
              id: "eip-1",
              address: "203.0.113.10",
              secondaries: { a: "10.99.1.20" },
              overlay_ip: "192.168.100.3",
            },
          },
        ],
      },
    },
    {
      resource_type: "ChildPublicCloudGateway",
      PublicCloudGateway: { id: "pcg-a", tier0_path: "/infra/tier-0s/t0" },
    },
    {
      resource_type: "ChildSegment",
      Segment: {
        id: "web",
        connectivity_path: "/infra/tier-0s/t0",
        overlay_id: 9096,
        subnets: [{ gateway_address: "192.168.100.1/24" }],
        children: [
          {
            resource_type: "ChildSegmentPort",
            SegmentPort: {
              id: "vm-1",
              attachment: { id: "vm-1" },
              address_bindings: [{ mac_address: "02:00:00:00:03:0a", ip_address: "192.168.100.3" }],
            },
          },
        ],
      },
    },
  ],
};

/** Where the gateway says it is, as long as the tests take. */
const positions: number[] = [];
let sampler: NodeJS.Timeout;

beforeAll(async () => {
  one = await ManagedUnit.start();
  await one.manager(0).patch("/infra", base);
  await one.enrol("gateway", "pcg-a");
  await one.enrol("agent", "vm-1");
  one.startPcgd();
  await until("the gateway has it", () => one.manager(1).isRealized("/infra/segments/web"));
  // Without its agent, for the gateway passes its packets.
  expect(await one.manager(1).get(PORT_STATE)).toMatchObject({ status: "UP" });
  agent = one.startAgent("vm-1");
  await until("the agent has it", () => agent().at(-1) === OF_AGENT);
  removals = one.watchRemovals();
  sampler = setInterval(() => {
    one.status().then(
      ({ desired }) => positions.push(desired.realized ?? 0),
      () => undefined,
    );
  }, 200);
});
afterAll(async () => {
  clearInterval(sampler);
  await one?.stop();
});

const PORT_STATE = "/infra/segments/web/ports/vm-1/state";

const OF_AGENT = "holds guard/vm-1 port/web|vm-1 segment/web tep/10.99.3.248";

/** Everything that was acknowledged, and is to be there. */
const acknowledged = new Set<string>();
let made = 0;
/** Segments that are there no more. */
const removed = new Set<string>();

/** The gateway's address in a segment. */
const addressOf = (id: string) => {
  const n = Number(id.slice(2));
  return `10.${n >> 8}.${n & 255}.1`;
};

/** Makes a segment whose VNI the manager chooses. @returns its path, once that is acknowledged */
async function makeSegment(by: RunningManager): Promise<string> {
  const n = made++;
  const id = `s-${n}`;
  const subnets = [{ gateway_address: `${addressOf(id)}/24` }];
  await by.patch(`/infra/segments/${id}`, { connectivity_path: "/infra/tier-0s/t0", subnets });
  acknowledged.add(id);
  return `/infra/segments/${id}`;
}

function remove(id: string): void {
  acknowledged.delete(id);
  removed.add(id);
}

const inKernel = () => one.unit.namespace.run("nft list set ip pcg gateways");

/** All that was acknowledged is there, at each manager and in the kernel, and both say the same. */
async function settled(): Promise<void> {
  const last = await makeSegment(one.manager(0));
  // The gateway may be pausing before it tries again to report to a manager that was away, for up to 8 s.
  for (const manager of one.managers) await until(`${last} is realized`, () => manager.isRealized(last), 30_000);
  const [first, second] = await Promise.all(one.managers.map((manager) => manager.list("/infra/segments")));
  expect(first).toEqual(second);
  const ids = new Set(first?.map(({ id }) => id));
  expect([...acknowledged].filter((id) => !ids.has(id))).toEqual([]);
  const vnis = (first ?? []).map(({ overlay_id }) => overlay_id);
  expect(new Set(vnis).size).toBe(vnis.length);
  const kernel = inKernel();
  expect([...acknowledged].filter((id) => !kernel.includes(addressOf(id)))).toEqual([]);
}

/** Changes through these managers, one after the other at each, until it is told to stop. */
function stream(managers: readonly RunningManager[]) {
  let isOver = false;
  const all = managers.map(async (manager) => {
    while (!isOver) {
      await makeSegment(manager);
      await setTimeout(50);
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(all);
  };
}

/** Changes go on: so many more are acknowledged within some seconds. */
const goOn = (more: number) => {
  const enough = acknowledged.size + more;
  return until("changes go on", () => acknowledged.size >= enough, 20_000);
};

test("a change through one manager is in the kernel, and both say that it is realized", async () => {
  await makeSegment(one.manager(0));
  await settled();
});

test("a port whose VM's agent is with the gateway is up, at both managers", async () => {
  for (const manager of one.managers)
    await until("it is up", async () => (await manager.get(PORT_STATE))["status"] === "UP");
  expect(await one.manager(0).get(PORT_STATE)).toMatchObject({
    ...{ attachment: { id: "vm-1" }, tep_address: "10.99.3.248", problems: [] },
    realized_bindings: [
      { source: "POLICY", binding: { mac_address: "02:00:00:00:03:0a", ip_address: "192.168.100.3" } },
    ],
    enforcement: [{ gateway: "pcg-a", connected: true, state: "SUCCESS", agent_connected: true }],
  });
});

test("changes through both at once are all there, in one order, and no two segments share a VNI", async () => {
  const eachOf = (many: number) => Array.from({ length: many }, (_, n) => one.manager(n % 2));
  await Promise.all(eachOf(300).map(makeSegment));
  const path = "/infra/segments/web";
  const before = Number((await one.manager(0).get(path))["_revision"]);
  const tags = eachOf(30).map((manager, n) =>
    manager.change(path, ({ tags = [], ...rest }) => ({
      ...rest,
      tags: [...(tags as object[]), { scope: "n", tag: `${n}` }],
    })),
  );
  await Promise.all(tags);
  const after = await one.manager(1).get(path);
  expect(after["tags"]).toHaveLength(30);
  expect(after["_revision"]).toBe(before + 30);
  await settled();
});

test("when the manager that the gateway follows is killed, it moves to the other and has what is changed meanwhile", async () => {
  const { followed, other } = await one.followed();
  const stop = stream(one.managers);
  await goOn(10);
  await followed.kill();
  await goOn(3);
  await until("the gateway follows the other", async () => (await one.followed()).followed === other);
  const last = await makeSegment(other);
  await until("it is realized", () => other.isRealized(last));
  followed.start();
  await one.ready();
  await goOn(10);
  await stop();
  await settled();
});

test("when etcd's leader is killed nothing acknowledged is lost, and changes go on within seconds", async () => {
  const stop = stream(one.managers);
  for (let times = 0; times < 3; times++) {
    const leader = await one.etcd.leader();
    await one.etcd.kill(leader);
    await goOn(6);
    await one.etcd.run(leader);
  }
  await stop();
  await settled();
});

test("a manager that etcd does not answer says so, and serves what it knows", async () => {
  const cut = one.etcd.members.slice(1);
  await Promise.all(cut.map((member) => one.etcd.kill(member)));
  const [manager] = one.managers as readonly [RunningManager];
  const path = "/policy/api/v1/infra/segments/web";
  const refused = expect(manager.client.patch(path, { description: "cut" })).rejects.toMatchObject({
    code: "MANAGER_STORE",
    detail: { status: 503 },
  });
  for (const each of one.managers)
    await until("it says so", () =>
      each.client.get("/healthz").then(
        () => false,
        ({ detail }) => detail.status === 503,
      ),
    );
  await refused;
  expect((await manager.list("/infra/segments")).length).toBeGreaterThanOrEqual(acknowledged.size);
  expect((await one.status()).controller).toMatchObject({
    state: { connected: true },
    reports: [{ connected: true }, { connected: true }],
  });
  const { other } = await one.followed();
  const from = performance.now();
  expect(await other.end()).toBe(0);
  expect(performance.now() - from).toBeLessThan(15_000);
  await Promise.all(cut.map((member) => one.etcd.run(member)));
  other.start();
  await one.ready();
  await settled();
});

test("a manager that was stopped for a while and goes on is right again", async () => {
  const { followed, other } = await one.followed();
  const stop = stream(one.managers);
  followed.signal("SIGSTOP");
  await goOn(60);
  const last = (await makeSegment(other)).split("/").at(-1) ?? "";
  followed.signal("SIGCONT");
  // It may have let go of connections that were silent for so long, as it saw it.
  await one.ready();
  await followed.client.delete(`/policy/api/v1/infra/segments/${last}`);
  await stop();
  remove(last);
  await settled();
});

test("managers over an etcd that was put back lead the gateway to what was then, and on from there", async () => {
  const early = await makeSegment(one.manager(0));
  await settled();
  const file = one.path("etcd.snapshot");
  one.etcd.saveSnapshot(file);
  const saved = new Set(acknowledged);
  for (let n = 0; n < 5; n++) await makeSegment(one.manager(n % 2));
  await settled();
  const late = [...acknowledged].filter((id) => !saved.has(id));
  const [ended, lost] = one.managers as readonly [RunningManager, RunningManager];
  expect(await ended.end()).toBe(0);
  await one.etcd.restoreSnapshot(file);
  // One that nobody ended finds out, and ends by itself, so that it is started again.
  expect(await until("it ends", () => lost.status())).toBe(1);
  for (const manager of one.managers) manager.start();
  await one.ready();
  await until("the kernel has what was then", () => {
    const kernel = inKernel();
    return late.every((id) => !kernel.includes(addressOf(id)));
  });
  for (const id of late) remove(id);
  expect(acknowledged).toContain(early.split("/").at(-1));
  await settled();
  expect(positions.filter((at, n) => at < (positions[n - 1] ?? 0))).toEqual([]);
  expect(positions.length).toBeGreaterThan(50);
});

test("the agent was told of changes, and of nothing but changes", async () => {
  const ports = [0, 1, 2].map((n) => `/infra/segments/web/ports/more-${n}`);
  for (const [n, path] of ports.entries())
    await one.manager(n % 2).patch(path, {
      attachment: { id: "vm-1" },
      address_bindings: [{ mac_address: `02:00:00:00:04:0${n}`, ip_address: `192.168.100.1${n}` }],
    });
  await until("the agent has them", () => agent().at(-1)?.includes("port/web|more-2"));
  const since = agent().slice(agent().indexOf(OF_AGENT));
  const lacking = since.filter((line) => OF_AGENT.split(" ").some((word) => !line.split(" ").includes(word)));
  expect(lacking).toEqual([]);
});

test("nothing was removed from the kernel but what was to be", () => {
  const all = removals();
  const networks = [...removed].map((id) => addressOf(id).replace(/1$/, ""));
  expect(all.filter((line) => !networks.some((network) => line.includes(network)))).toEqual([]);
  expect(all).toContainEqual(expect.stringContaining("element ip pcg gateways"));
});
