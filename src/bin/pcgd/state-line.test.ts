import { expect, test } from "vitest";
import type { Progress } from "../../reconcile/reconciler.ts";
import { stateLine } from "./state-line.ts";

const fresh: Progress = { wished: null, realized: null, failures: new Map(), lastError: null };
const refusal = { file: "/etc/pcg/desired.yaml", at: "2026-01-01T00:00:00Z", flaws: ["a", "b"] };

test.each([
  ["nothing is wished yet", { progress: fresh }],
  ["realizing 7", { progress: { ...fresh, wished: 7, realized: 6 } }],
  ["generation 7 is realized", { progress: { ...fresh, wished: 7, realized: 7 } }],
  ["generation 7: the door is shut", { progress: { ...fresh, wished: 7, lastError: "the door is shut" } }],
  [
    "generation 7: 1 objects fail, such as: no",
    { progress: { ...fresh, wished: 7, lastError: "no", failures: new Map([["k", "no"]]) } },
  ],
  ["waiting: KERNEL_DOOR_CLOSED", { waiting: "KERNEL_DOOR_CLOSED", progress: { ...fresh, wished: 7 } }],
  [
    "/etc/pcg/desired.yaml is refused (2 flaws); generation 7 is realized",
    { refusal, progress: { ...fresh, wished: 7, realized: 7 } },
  ],
])("stateLine says: %s", (line, state) => {
  expect(stateLine({ waiting: null, refusal: null, ...state })).toBe(line);
});
