import { expect } from "vitest";
import { patch } from "../src/manager/policy/edit.ts";
import { author, goodWorld } from "./policy-world.ts";

export interface BadEdit {
  readonly path: string;
  readonly body: unknown;
  /** What is said of it, flaw by flaw. */
  readonly says: readonly string[];
}

/** The edit, of a policy in which all is well, is refused for just that, and changes nothing. */
export function expectRefused({ path, body, says }: BadEdit): void {
  const world = goodWorld();
  const before = world.all();
  const [code, ...flaws] = world.refusal(patch(path, body, author));
  expect(flaws).toEqual(says);
  expect(code).toBe("MANAGER_REFUSED");
  expect(world.all()).toEqual(before);
}
