import { expect, test } from "vitest";
import { parsePrefix } from "./prefix.ts";
import { instead, whyNoDestination, whyUnusable } from "./special-use.ts";

test.each([
  { text: "0.0.0.0", says: "is in 0.0.0.0/8 (this network); X" },
  { text: "0.255.255.255", says: "is in 0.0.0.0/8 (this network); X" },
  { text: "1.0.0.0", says: undefined },
  { text: "10.0.0.0/8", says: undefined },
  { text: "100.64.0.0/10", says: undefined },
  { text: "126.255.255.255", says: undefined },
  { text: "127.0.0.1", says: "is in 127.0.0.0/8 (loopback); X" },
  { text: "128.0.0.0", says: undefined },
  { text: "169.253.255.255", says: undefined },
  { text: "169.254.169.254", says: "is in 169.254.0.0/16 (link-local); X" },
  { text: "169.255.0.0", says: undefined },
  { text: "172.16.0.0/12", says: undefined },
  { text: "192.168.0.0/16", says: undefined },
  { text: "198.18.0.0/15", says: undefined },
  { text: "198.51.100.0/24", says: undefined },
  { text: "203.0.113.0/24", says: undefined },
  { text: "223.255.255.255", says: undefined },
  { text: "224.0.0.0", says: "is in 224.0.0.0/4 (multicast); X" },
  { text: "240.0.0.0/5", says: "is in 240.0.0.0/4 (reserved, and broadcast); X" },
  { text: "255.255.255.255", says: "is in 240.0.0.0/4 (reserved, and broadcast); X" },
  { text: "0.0.0.0/0", says: "overlaps 0.0.0.0/8 (this network); X" },
  { text: "64.0.0.0/2", says: "overlaps 127.0.0.0/8 (loopback); X" },
  { text: "168.0.0.0/6", says: "overlaps 169.254.0.0/16 (link-local); X" },
])("whyUnusable of $text: $says", ({ text, says }) => {
  expect(whyUnusable(parsePrefix(text), "X")).toBe(says);
});

test.each([
  { text: "0.0.0.0/0", says: undefined },
  { text: "0.0.0.0/1", says: undefined },
  { text: "128.0.0.0/1", says: undefined },
  { text: "198.51.100.0/24", says: undefined },
  { text: "0.0.0.0/8", says: "is in 0.0.0.0/8 (this network)" },
  { text: "127.0.0.0/8", says: "is in 127.0.0.0/8 (loopback)" },
  { text: "169.254.169.254", says: "is in 169.254.0.0/16 (link-local)" },
  { text: "224.0.0.0/8", says: "is in 224.0.0.0/4 (multicast)" },
  { text: "240.0.0.0/4", says: "is in 240.0.0.0/4 (reserved, and broadcast)" },
])("whyNoDestination of $text: $says", ({ text, says }) => {
  expect(whyNoDestination(parsePrefix(text))).toBe(says && `${says}; ${instead.route}`);
});
