import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../base/error.ts";
import { readUserData } from "./read-user-data.ts";

const PIN = `sha256:${"0123456789abcdef".repeat(4)}`;
const manager = `manager: { urls: ["https://10.99.250.10"], pin: "${PIN}", token: once }`;
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readUserData(bytes(text));

function flawsOf(text: string): unknown {
  try {
    return read(text);
  } catch (error) {
    return error instanceof PcgError ? (error.detail["flaws"] ?? error.detail["why"]) : error;
  }
}

test("readUserData reads the one key, whatever stands beside it, packed or not", () => {
  const text = `#cloud-config\nruncmd: [ls]\npcg:\n  unit: a\n  ${manager}\n  agents: {}\n  tep: { label: 7 }\n`;
  const expected = {
    unit: "a",
    manager: { urls: ["https://10.99.250.10"], pin: PIN, token: "once" },
    agents: {},
    tep: { label: 7 },
  };
  expect(read(text)).toEqual(expected);
  expect(readUserData(gzipSync(text))).toEqual(expected);
});

test("readUserData names each flaw by its field, and shows no token", () => {
  const bad = `pcg: { unit: A, manager: { urls: ["http://x"], pin: abc, token: "a secret" }, agents: { port: 0 }, colour: red }`;
  expect(flawsOf(bad)).toMatchInlineSnapshot(`
    [
      "pcg.colour: no such field (is "red")",
      "pcg.unit: must match pattern "^[a-z][a-z0-9-]{0,15}$" (is "A")",
      "pcg.manager.urls[0]: must match pattern "^https://[^/?#@]+/?$" (is "http://x")",
      "pcg.manager.pin: must match pattern "^[sS][hH][aA]256:([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$" (is "abc")",
      "pcg.manager.token: must match pattern "^[\\x21-\\x7e]{1,512}$"",
      "pcg.agents.port: must be >= 1 (is 0)",
    ]
  `);
});

test.each([
  [`pcg: { unit: a }`, ["pcg: give manager or desired, and not both"]],
  [`pcg: { unit: a, ${manager.replace(", token: once", "")} }`, ["pcg.manager: give token or aws: true, and not both"]],
  [
    `pcg: { unit: a, ${manager.replace("token", "aws: true, token")} }`,
    ["pcg.manager: give token or aws: true, and not both"],
  ],
  [
    `pcg: { unit: a, controller: {}, agents: {}, desired: { generation: 1, segments: [], teps: [], endpoints: [], tier0: { uplinkRoutes: [{ prefix: "1.2.3.4/8" }] } } }`,
    [
      "pcg.controller: needs manager",
      "pcg.agents: needs manager",
      'pcg.desired.tier0.uplinkRoutes[0].prefix: must be a network in CIDR form without host bits, such as "192.168.100.0/24" (is "1.2.3.4/8")',
    ],
  ],
  ["#!/bin/sh\n", "it is a script; it must be a #cloud-config document"],
  ["just words", "it is no YAML mapping; it must be a #cloud-config document"],
  ["a: &a [1]\npcg: *a\n", "it is no YAML that is read here: anchors are not read, at line 1"],
  ["pcg: {}\npcg: {}\n", "it is no YAML that is read here: Map keys must be unique at line 2, column 1"],
  [
    `pcg: ${"? ".repeat(520)}x`,
    "it is no YAML that is read here: keys that begin with a question mark are not read, at line 1",
  ],
])("readUserData refuses %j", (text, why) => {
  expect(flawsOf(text)).toEqual(why);
});

test("readUserData refuses what is no text, and what is half a gzip", () => {
  expect(() => readUserData(Uint8Array.of(0xff, 0xfe))).toThrow("it is no UTF-8 text");
  expect(() => readUserData(gzipSync(Buffer.from("pcg: {}")).subarray(0, 12))).toThrow("it is no good gzip");
});

test("readUserData makes of any bytes user data or an error on purpose", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map(bytes),
        fc.json().map((j) => bytes(`{"pcg": ${j}}`)),
      ),
      (any) => {
        try {
          readUserData(any);
        } catch (error) {
          expect(error).toBeInstanceOf(PcgError);
        }
      },
    ),
  );
});
