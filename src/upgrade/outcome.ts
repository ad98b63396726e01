import Type from "typebox";
import { Compile } from "typebox/compile";
import { closed } from "../model/text.ts";
import type { Slot } from "./slot.ts";

/** What the last upgrade or rollback came to, as it is kept over reboots. */
export const Outcome = closed({
  asked: Type.Enum(["install", "rollback"], { description: "What the operator wanted." }),
  version: Type.String({ description: "The version it went to." }),
  from: Type.String({ description: "The version that ran before." }),
  slot: Type.Enum(["a", "b"], { description: "Where the version it went to lies." }),
  state: Type.Enum(["trying", "good", "returned"], { description: "Whether it stayed." }),
  at: Type.String({ description: "When this was written, UTC." }),
  why: Type.Optional(Type.String({ description: "What spoke against it." })),
});
export type Outcome = Type.Static<typeof Outcome>;

const outcome = Compile(Outcome);

/** Undefined where there is none, or none that can be read: it is only told, nothing is decided by it. */
export function readOutcome(bytes: Uint8Array | undefined): Outcome | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
    return outcome.Check(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

/** A machine that comes up in another slot than was tried: nobody had the time to say why. */
export function afterBoot(last: Outcome | undefined, current: Slot): Pick<Outcome, "state" | "why"> | undefined {
  if (last?.state !== "trying" || last.slot === current) return undefined;
  return { state: "returned", why: "the machine was reset before the new version was found healthy" };
}
