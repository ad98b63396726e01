import { expect, test } from "vitest";
import { parseIpv4 } from "../net/ipv4.ts";
import { misreadings } from "../wire/fuzz.testing.ts";
import { toHex } from "../wire/hex.ts";
import { messagesOf } from "../wire/netlink.ts";
import { connectionOf, endRequest, findRequest, statisticsOf } from "./ctnetlink.ts";

const connection = {
  protocol: 17,
  source: parseIpv4("192.168.100.3"),
  destination: parseIpv4("198.51.100.10"),
  sport: 0x8123,
  dport: 0x9456,
  replySource: parseIpv4("198.51.100.10"),
  replyDestination: parseIpv4("203.0.113.10"),
  replySport: 0x9456,
  replyDport: 0xa789,
  mark: 0x5abc_def1,
};
const ask = findRequest(connection);
const bodyOf = (message: Uint8Array) => [...messagesOf(message)][0]?.payload ?? new Uint8Array();

test("findRequest is this message, and what is asked for reads back", () => {
  expect(toHex(ask)).toMatchInlineSnapshot(
    `"4800000001010100000000000000000002000000340001801400018008000100c0a8640308000200c633640a1c000280050001001100000006000200812300000600030094560000"`,
  );
  const { protocol, source, destination, sport, dport } = connectionOf(bodyOf(ask)).connection;
  expect({ ...connection, protocol, source, destination, sport, dport }).toEqual(connection);
});

test("endRequest names mark and addresses, and never leaves out that a connection must be ours", () => {
  expect(toHex(endRequest({ source: connection.source }))).toMatchInlineSnapshot(
    `"480000000201050000000000000000000200000008000800400000000800150040000000100001800c00018008000100c0a864031400198008000100010000000800020000000000"`,
  );
});

test("connectionOf and statisticsOf read any bytes or refuse them", () => {
  const read = (bytes: Uint8Array) => [...messagesOf(bytes)].map(({ payload }) => connectionOf(payload));
  expect(misreadings(read, [ask])).toEqual([]);
  expect(misreadings(statisticsOf, [bodyOf(ask)])).toEqual([]);
});
