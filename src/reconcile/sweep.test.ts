import { expect, test } from "vitest";
import { natCounterKey } from "../datapath/nat/number.ts";
import { nftChain, nftElement } from "../datapath/nft-object.ts";
import { FakeKernel } from "../kernel/fake.ts";
import { CONNECTION_IS_OURS, type Connection } from "../model/connection.ts";
import { Ipv4 } from "../net/ipv4.ts";
import { Sweep } from "./sweep.ts";

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const connection = (mark: number): Connection => ({
  ...{ protocol: 17, source: Ipv4(1), destination: Ipv4(2), sport: 3, dport: 4 },
  ...{ replySource: Ipv4(2), replyDestination: Ipv4(1), replySport: 4, replyDport: 3, mark },
});
const [good, stale] = [CONNECTION_IS_OURS | 1, CONNECTION_IS_OURS | 2];
const judged = { contradicts: (c: Connection) => c.mark === stale, unseen: "" };
const translationGone = { do: "remove", object: nftElement("nat-counters", natCounterKey("original", stale)) } as const;

test("Sweep looks at all connections after a start, and then only when a change may deny any", async () => {
  const kernel = new FakeKernel();
  kernel.connectionsNow = [connection(good), connection(stale)];
  const sweep = new Sweep(kernel, silent);
  await sweep.run(judged);
  expect(kernel.ended).toEqual([{ by: "tuple", connection: connection(stale) }]);
  await sweep.run(judged);
  sweep.note([translationGone]);
  await sweep.run(judged);
  expect(kernel.listed).toBe(1);
  expect(kernel.ended.at(-1)).toEqual({ by: "mark", mark: stale });
  sweep.note([{ do: "add", object: nftChain("section-web", []) }]);
  await sweep.run(judged);
  await sweep.run({ ...judged, unseen: "a rule persists" });
  expect(kernel.listed).toBe(3);
});

test("Sweep keeps what is due until the kernel has done it", async () => {
  const kernel = new FakeKernel();
  const sweep = new Sweep(kernel, silent);
  await sweep.run(judged);
  const { endConnections } = kernel;
  kernel.endConnections = () => Promise.reject(new Error("away"));
  sweep.note([translationGone]);
  await expect(sweep.run(judged)).rejects.toThrow("away");
  kernel.endConnections = endConnections;
  await sweep.run(judged);
  expect(kernel.ended).toEqual([{ by: "mark", mark: stale }]);
});
