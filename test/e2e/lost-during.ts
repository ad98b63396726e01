import { onTestFinished } from "vitest";
import { until } from "../kernel/namespace.ts";
import { address, gateway, inet, vm1, vm2 } from "./nodes.ts";

/**
 * TCP segments of a machine that were lost: those it sent again, but for those that the other end said it had had
 * already (D-SACK, RFC 2883). On a busy machine a late acknowledgement is enough for one of these.
 */
function segmentsLost(machine: typeof vm1): number {
  const counters = JSON.parse(machine.run("nstat -aszj TcpRetransSegs TcpExtTCPDSACKRecv")).kernel;
  return counters.TcpRetransSegs - counters.TcpExtTCPDSACKRecv;
}

/** TCP, UDP and ping through the gateway for some seconds, at a rate the userspace switches carry; what got lost. */
export async function lostDuring(seconds: number, work: () => unknown) {
  const servers = [5201, 5202].map((port) => inet.start("iperf3", ["-s", "-1", "-p", `${port}`]));
  onTestFinished(async () => {
    for (const s of servers) await s.stop();
  });
  await until("iperf3 listens", () => inet.run("ss -Hltn 'sport = :5201 or sport = :5202' | wc -l").trim() === "2");
  const collect = (from: typeof vm1, args: string[]) => {
    const run = from.start("bash", ["-c", args.join(" ")], ["ignore", "pipe", "pipe"]);
    let out = "";
    run.child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    return new Promise<string>((resolve) => run.child.on("close", () => resolve(out)));
  };
  const lostBefore = segmentsLost(vm1);
  const tcp = collect(vm1, [`iperf3 -c ${address.inet} -p 5201 -b 5M -l 1200 -t ${seconds} -J`]);
  const udp = collect(vm2, [`iperf3 -c ${address.inet} -p 5202 -u -b 2M -l 1000 -t ${seconds} -J`]);
  const ping = collect(inet, [`ping -q -i 0.01 -c ${seconds * 80} ${address.eip1}`]);
  await until(
    "traffic flows",
    () => gateway.run("conntrack -L -p udp --dport 5202 2>/dev/null | wc -l").trim() !== "0",
  );
  await work();
  const [tcpSaid, udpSaid, pingSaid] = await Promise.all([tcp, udp, ping]);
  const { error } = JSON.parse(tcpSaid);
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  const pings = /(\d+) packets transmitted, (\d+) received/.exec(pingSaid);
  return {
    tcpLost: segmentsLost(vm1) - lostBefore,
    udpLost: JSON.parse(udpSaid).end.sum.lost_packets,
    pingLost: Number(pings?.[1]) - Number(pings?.[2]),
  };
}

export const NOTHING = { tcpLost: 0, udpLost: 0, pingLost: 0 };
