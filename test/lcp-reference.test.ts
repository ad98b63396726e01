import { expect, test } from "vitest";
import { lcpReference } from "./lcp-reference.ts";

test("the protocol's reference says what the tables say", async () => {
  await expect(lcpReference()).toMatchFileSnapshot("../src/lcp/PROTOCOL.md");
});

test("lcpReference has every message and every kind of resource", () => {
  const text = lcpReference();
  for (const word of ["hello", "snapshotBegin", "delta", "ack", "segment", "member", "guard", "lease"])
    expect(text).toMatch(new RegExp(`### (kind|type): "${word}"`));
});
