import fc from "fast-check";
import { expect, test } from "vitest";
import type { PcgError } from "../base/error.ts";
import { textOfMessage } from "./message-text.ts";
import type { Position } from "./position.ts";
import { type FromReceiver, type FromSource, readFromReceiver, readFromSource } from "./protocol.ts";
import { ResourceId } from "./resource.ts";

const at = (n: number) => n as Position;
const port = {
  type: "port",
  key: "vm-1 eth0",
  version: at(Number.MAX_SAFE_INTEGER),
  body: { ip: "10.0.0.1", ü: [null] },
} as const;

const saidBySource: FromSource[] = [
  { kind: "current", instance: "ccp", at: at(7) },
  { kind: "snapshotBegin", instance: "ccp", at: at(7), buckets: 64, only: [0, 63], count: 1 },
  { kind: "snapshotBegin", instance: "ccp", at: at(7), buckets: 64, only: null, count: 0 },
  { kind: "snapshotPart", resources: [port, { ...port, type: "tep" }] },
  { kind: "snapshotEnd", digest: "AAAA" },
  { kind: "delta", from: at(7), to: at(9), upserts: [port], deletes: [ResourceId("rule", "a/b")] },
  { kind: "retry", afterMs: 5_000 },
];
const saidByReceiver: FromReceiver[] = [
  { kind: "hello", protocol: 1, instance: null, at: at(0), digest: "AAAA" },
  { kind: "ack", at: at(9), refused: [{ id: ResourceId("rule", "a"), version: at(8), why: "unknown action" }] },
  { kind: "digest", digest: "AAAA" },
];

test.each(saidBySource)("what a source says is read as it was said: $kind", (message) => {
  expect(readFromSource(textOfMessage(message))).toEqual(message);
});

test.each(saidByReceiver)("what a receiver says is read as it was said: $kind", (message) => {
  expect(readFromReceiver(JSON.stringify(message))).toEqual(message);
});

test("a delta on the wire is this", () => {
  const [, , , , , delta] = saidBySource;
  expect(delta && textOfMessage(delta)).toBe(
    '{"kind":"delta","from":7,"to":9,"deletes":["rule/a/b"],"upserts":[{"type":"port","key":"vm-1 eth0","version":9007199254740991,"body":{"ip":"10.0.0.1","ü":[null]}}]}',
  );
});

test.each<[string, object]>([
  ['{"kind":"current","instance":"ccp","at":-1}', { kind: "current", field: "/at" }],
  ['{"kind":"current","instance":"ccp","at":1e300}', { kind: "current", field: "/at" }],
  ['{"kind":"delta","from":1,"to":2,"upserts":[],"deletes":["nothing/a"]}', { kind: "delta", field: "/deletes/0" }],
  [
    '{"kind":"snapshotPart","resources":[{"type":"port","key":"","version":1,"body":0}]}',
    { field: "/resources/0/key" },
  ],
  ['{"kind":"retry","afterMs":1,"more":true}', { kind: "retry" }],
  ['{"kind":"hello","protocol":1,"instance":null,"at":0,"digest":""}', { kind: "hello" }],
  ['{"kind":"__proto__"}', { kind: "__proto__" }],
  ["[]", { why: "is not an object" }],
  ["{", { why: "is not JSON" }],
  [`"${"x".repeat(600_000)}"`, { why: "is too long" }],
])("readFromSource refuses %.70s", (text, detail) => {
  expect(() => readFromSource(text)).toThrow(
    expect.objectContaining({ code: "LCP_BAD_MESSAGE", detail: expect.objectContaining(detail) }),
  );
});

test("whatever the other end sends, a message or LCP_BAD_MESSAGE comes of it", () => {
  const whole = [...saidBySource, ...saidByReceiver].map((message) => JSON.stringify(message));
  const cut = fc
    .tuple(fc.constantFrom(...whole), fc.nat(), fc.nat(), fc.string({ maxLength: 6 }))
    .map(([text, from, length, other]) => {
      const begin = from % text.length;
      return text.slice(0, begin) + other + text.slice(begin + (length % 8));
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), cut), (text) => {
      for (const read of [readFromSource, readFromReceiver])
        try {
          expect(read(text).kind).toBeTypeOf("string");
        } catch (error) {
          expect((error as PcgError).code).toBe("LCP_BAD_MESSAGE");
        }
    }),
    { numRuns: 3_000 },
  );
});
