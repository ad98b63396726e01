import { expect, test } from "vitest";
import { VirtualClock } from "../../base/virtual-clock.ts";
import { StoreHealth } from "./store-health.ts";

test("StoreHealth speaks of trouble when nothing has worked for three seconds, and until something does", async () => {
  const clock = new VirtualClock();
  const health = new StoreHealth(() => clock.now());
  health.failed("the first");
  clock.advance(2_999);
  health.failed("the second");
  expect(health.trouble).toBeUndefined();
  clock.advance(1);
  expect(health.trouble).toBe("the second");
  const asked = health.watch(() => Promise.reject(new Error("the third")));
  await expect(asked).rejects.toThrow("the third");
  expect(health.trouble).toBe("the third");
  expect(await health.watch(async () => "an answer")).toBe("an answer");
  expect(health.trouble).toBeUndefined();
});
