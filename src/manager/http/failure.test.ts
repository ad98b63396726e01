import { expect, test } from "vitest";
import { PcgError } from "../../base/error.ts";
import { failureOf } from "./failure.ts";

test("failureOf says all that is wrong with a request, in NSX's shape", () => {
  const flaws = [
    { field: "subnets[0].gateway_address", value: "1.2.3.4/33", why: "must be an ipv4-interface" },
    { field: "foo", value: { large: true }, why: "no such field" },
  ];
  const error = new PcgError("MANAGER_BAD_REQUEST", { ...flaws[0], flaws });
  expect(failureOf(error, "r")).toMatchInlineSnapshot(`
    {
      "body": {
        "code": "MANAGER_BAD_REQUEST",
        "details": [
          {
            "error_message": "must be an ipv4-interface",
            "field": "subnets[0].gateway_address",
            "value": "1.2.3.4/33",
          },
          {
            "error_message": "no such field",
            "field": "foo",
          },
        ],
        "error_message": "a request to the manager is not understood: subnets[0].gateway_address must be an ipv4-interface",
        "field": "subnets[0].gateway_address",
        "httpStatus": "BAD_REQUEST",
        "module_name": "policy",
        "value": "1.2.3.4/33",
      },
      "isOurs": false,
      "status": 400,
    }
  `);
});

test("failureOf names what refers to an object that is to go", () => {
  const error = new PcgError("MANAGER_IN_USE", { path: "/infra/tier-0s/t0", by: ["/infra/segments/web"], count: 1 });
  const { status, body } = failureOf(error, "r");
  expect([status, body.error_code]).toEqual([409, 500_030]);
  expect(body.details).toEqual([{ value: "/infra/segments/web", error_message: "refers to it" }]);
});

test("failureOf repeats neither itself nor more of a value than is read", () => {
  const missing = new PcgError("MANAGER_NOT_FOUND", { path: "/infra/segments/a", why: "there is no such object" });
  expect(failureOf(missing, "r").body.error_message).toBe("there is no such object: /infra/segments/a");
  const long = new PcgError("MANAGER_BAD_REQUEST", { field: "a", value: "x".repeat(10_000), why: "y".repeat(10_000) });
  expect(JSON.stringify(failureOf(long, "r")).length).toBeLessThan(3_000);
});

test.for([
  [new PcgError("MANAGER_STORE", { path: "/var/lib/pcg", why: "disk" }, new Error("secret")), 503],
  [new PcgError("KERNEL_REFUSED", { path: "/var/lib/pcg" }), 500],
  [new TypeError("secret"), 500],
  ["secret", 500],
] as const)("failureOf tells nothing of what is the manager's own: %s", ([error, status]) => {
  const { status: is, body, isOurs } = failureOf(error, "r");
  expect([is, isOurs, body.reference]).toEqual([status, true, "r"]);
  expect(JSON.stringify(body)).not.toMatch(/secret|var|disk|KERNEL/);
});
