import { expect, test } from "vitest";
import { isClean, parsePerfdhcp } from "./bench/perfdhcp.ts";

const output = (drops: number) => `Running: perfdhcp -4 -l vm0 -r 10
***Rate statistics***
Rate: 8.9 4-way exchanges/second, expected rate: 10

***Malformed Packets***
Malformed packets: 0
***Statistics for: DISCOVER-OFFER***
sent packets: 100
received packets: ${100 - drops}
drops: ${drops}
drops ratio: 0 %
orphans: 0

***Statistics for: REQUEST-ACK***
sent packets: ${100 - drops}
received packets: 99
drops: 1
`;

test("parsePerfdhcp reads both kinds of exchange", () => {
  expect(parsePerfdhcp(output(3))).toEqual({
    discoverOffer: { sent: 100, received: 97, drops: 3 },
    requestAck: { sent: 97, received: 99, drops: 1 },
  });
});

test("parsePerfdhcp says what it was given when it holds no statistics", () => {
  expect(() => parsePerfdhcp("perfdhcp: cannot bind")).toThrow("cannot bind");
});

test.each([
  { offers: 0, acks: 0, sent: 98, asked: 100, is: true },
  { offers: 1, acks: 0, sent: 98, asked: 100, is: false },
  { offers: 0, acks: 1, sent: 98, asked: 100, is: false },
  { offers: 0, acks: 0, sent: 96, asked: 100, is: false },
])(
  "isClean with $offers and $acks unanswered, $sent sent of $asked asked, is $is",
  ({ offers, acks, sent, asked, is }) => {
    const count = (drops: number) => ({ sent, received: sent - drops, drops });
    expect(isClean({ discoverOffer: count(offers), requestAck: count(acks) }, asked)).toBe(is);
  },
);
