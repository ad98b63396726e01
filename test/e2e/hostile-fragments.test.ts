import { expect, onTestFinished, test } from "vitest";
import { ipv4 } from "../bpf/packets.ts";
import { type Namespace, until } from "../kernel/namespace.ts";
import { fromVm, tunnel, VM1_MAC } from "./crafted.ts";
import { address, dropped, pings, vm1Underlay, vm2 } from "./nodes.ts";
import { RawSocket } from "./raw-socket.ts";

/** One VM's incomplete datagrams, and another's fragmented pings beside them. */

const MORE = 0x2000;
const PINGS = 200;

/** The first fragment of a datagram that has no other. */
const incomplete = (id: number) =>
  tunnel(
    fromVm(ipv4({ from: address.vm1, to: address.inet, protocol: 17, id, fragment: MORE }, Buffer.alloc(1_400)), {
      from: VM1_MAC,
    }),
  );

/** How many fragmented pings came back. */
function fragmentedPings(from: Namespace, to: string): Promise<number> {
  const args = ["-q", "-s", "4000", "-i", "0.02", "-c", `${PINGS}`, "-w", "60", to];
  const ping = from.start("ping", args, ["ignore", "pipe", "pipe"]);
  let said = "";
  ping.child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((resolve) =>
    ping.child.on("close", () => resolve(Number(/(\d+) received/.exec(said)?.[1] ?? Number.NaN))),
  );
}

test("20,000 incomplete datagrams of one VM take no fragmented packet of another", async () => {
  // By the first of these the victim learns of how large its fragments may be.
  await until("the victim's fragments pass", () => pings(vm2, address.inet, "-s 4000"));
  const socket = new RawSocket(vm1Underlay, "eth0");
  onTestFinished(() => socket.close());
  const before = await dropped("FRAGMENTS");
  const frames = Array.from({ length: 20_000 }, (_, id) => incomplete(id));
  socket.send(frames.slice(0, 5_000));
  await until("the attack is refused", async () => (await dropped("FRAGMENTS")) > before);
  let going = true;
  const pinged = fragmentedPings(vm2, address.inet).then((received) => {
    going = false;
    return received;
  });
  for (let at = 5_000; going; at = (at + 500) % frames.length) {
    socket.send(frames.slice(at, at + 500));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await pinged).toBeGreaterThanOrEqual(0.99 * PINGS);
  expect(await dropped("FRAGMENTS")).toBeGreaterThan(before + 5_000);
});
