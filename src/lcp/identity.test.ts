import { expect, test } from "vitest";
import { identityIn, uriOf } from "./identity.ts";

test("identityIn reads what uriOf writes, among other names", () => {
  const identity = { role: "gateway", id: "pcg-a" } as const;
  expect(identityIn(`DNS:pcg-a.example, URI:${uriOf(identity)}, IP Address:10.0.0.1`)).toEqual(identity);
});

test.each([
  undefined,
  "",
  "DNS:spiffe://pcg/agent/vm-1",
  "URI:spiffe://pcg/agent/vm-1, URI:spiffe://pcg/agent/vm-2",
  'URI:"spiffe://pcg/agent/vm-1, DNS:x"',
  "URI:spiffe://other/agent/vm-1",
  "URI:spiffe://pcg/operator/vm-1",
  "URI:spiffe://pcg/agent/",
  "URI:spiffe://pcg/agent/vm-1/more",
  `URI:spiffe://pcg/agent/${"x".repeat(64)}`,
])("identityIn finds nobody in %j", (names) => {
  expect(identityIn(names)).toBeUndefined();
});
