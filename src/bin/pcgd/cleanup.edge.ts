import { systemClock } from "../../base/system-clock.edge.ts";
import { complain, print } from "../../base/terminal.edge.ts";
import { DoorClient } from "../../kernel/door-client.edge.ts";
import { keyOf } from "../../model/object-text.ts";
import { subjectOf } from "../../model/step.ts";
import { pass } from "../../reconcile/pass.ts";
import { byKey } from "../../reconcile/plan.ts";

const DOOR_WAIT_MS = 3_000;

/** Removes all the gateway owns: forwarding first, policy last. @returns 1 when something stays */
export async function cleanup(socket: string): Promise<number> {
  const door = new DoorClient(socket, systemClock);
  try {
    await new Promise<void>((resolve) => {
      systemClock.after(DOOR_WAIT_MS, resolve);
      door.watch(resolve);
    });
    const { done, failed } = await pass(door, [], byKey(await door.read()));
    for (const { step, message } of failed) complain(`stays: ${keyOf(subjectOf(step))}: ${message}`);
    print(`removed ${done.length} kernel objects`);
    return failed.length > 0 ? 1 : 0;
  } finally {
    door.close();
  }
}
