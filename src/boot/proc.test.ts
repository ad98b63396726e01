import fc from "fast-check";
import { expect, test } from "vitest";
import { modulesIn, neighboursIn, parameterIn, udpSocketsIn } from "./proc.ts";

test("neighboursIn lists who has answered, not who was asked", () => {
  const text = `IP address       HW type     Flags       HW address            Mask     Device
10.99.2.1        0x1         0x2         02:ec:0a:63:02:01     *        ens5
10.99.1.1        0x1         0x0         00:00:00:00:00:00     *        ens6
10.99.3.1        0x1         0x6         02:ec:0a:63:03:01     *        ens7
`;
  expect(neighboursIn(text)).toEqual(["10.99.2.1", "10.99.3.1"]);
});

test("udpSocketsIn reads addresses and ports", () => {
  const text = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  123: 2C03630A:17C1 00000000:0000 07 00000000:00000000 00:00000000 00000000   999        0 1 2 0000000000000000 0
`;
  expect(udpSocketsIn(text)).toEqual(["10.99.3.44:6081"]);
});

test("modulesIn reads what is loaded and what is built in, by one name", () => {
  expect(modulesIn("nf_nat 61440 1 nft_chain_nat, Live 0x0\n")).toEqual(["nf_nat"]);
  expect(modulesIn("kernel/net/sched/sch-ingress.ko\n")).toEqual(["sch_ingress"]);
});

test("parameterIn finds the slot among the kernel's parameters", () => {
  expect(parameterIn("boot=pcg pcg.slot=b quiet\n", "pcg.slot")).toBe("b");
  expect(parameterIn("boot=pcg quiet\n", "pcg.slot")).toBe(undefined);
});

test("what /proc says may be anything", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      neighboursIn(text);
      udpSocketsIn(text);
      modulesIn(text);
    }),
  );
});
