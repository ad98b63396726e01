import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/system-clock.edge.ts";
import { DoorClient } from "../../src/kernel/door-client.edge.ts";
import type { UnitConfig } from "../../src/model/unit.ts";
import { Namespace, sh, until } from "./namespace.ts";

const interfaces = { uplink0: "10.99.1.10", downlink0: "10.99.3.44", mgmt0: "10.99.2.10" };

const config: UnitConfig = {
  unit: "a",
  interfaces: { uplink: { name: "uplink0" }, downlink: { name: "downlink0" }, management: { name: "mgmt0" } },
  tep: { address: "10.99.3.44" },
};

/** A unit with three interfaces that lead to a namespace of nobody, and the real pcg-kernel in it. */
export async function startUnit() {
  const dir = mkdtempSync(join(tmpdir(), "pcg-unit-"));
  const unit = Namespace.create("unit");
  const far = Namespace.create("far");
  for (const [name, address] of Object.entries(interfaces)) {
    sh(`ip link add ${name} netns ${unit.name} type veth peer name far-${name} netns ${far.name}
        ip -n ${unit.name} addr add ${address}/24 dev ${name}; ip -n ${unit.name} link set ${name} up
        ip -n ${far.name} link set far-${name} up`);
  }
  const paths = { config: join(dir, "pcgd.yaml"), socket: join(dir, "kernel.sock"), bpffs: join(dir, "bpf") };
  writeFileSync(paths.config, JSON.stringify(config));
  sh(`mkdir ${paths.bpffs}; mount -t bpf bpf ${paths.bpffs}`);
  const args = ["--config", paths.config, "--socket", paths.socket, "--bpffs", paths.bpffs];
  const start = () => unit.start(process.execPath, ["src/bin/pcg-kernel.ts", ...args]);
  let daemon = start();
  const door = new DoorClient(paths.socket, systemClock);
  await until("pcg-kernel answers", () => door.interfaces()).catch((error) => {
    throw new Error(`pcg-kernel: ${daemon.said()}`, { cause: error });
  });
  return {
    dir,
    config,
    namespace: unit,
    door,
    /** What pcg-kernel wrote to its log. */
    said: () => daemon.said(),
    /** SIGSTOP and SIGCONT: pcg-kernel is there, but does nothing. */
    signal: (signal: NodeJS.Signals) => void daemon.child.kill(signal),
    async restart() {
      await daemon.stop();
      daemon = start();
      await until("pcg-kernel answers again", () => door.interfaces());
    },
    async stop() {
      door.close();
      await daemon.stop();
      sh(`umount ${paths.bpffs}`);
      unit.remove();
      far.remove();
      rmSync(dir, { recursive: true });
    },
  };
}
