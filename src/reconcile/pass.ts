import type { Kernel, StepResult } from "../kernel/kernel.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import { keyOf } from "../model/object-text.ts";
import { type Step, subjectOf } from "../model/step.ts";
import { byKey, type Have, isGate, plan } from "./plan.ts";

export interface Failure {
  readonly step: Step;
  readonly code: string;
  readonly message: string;
}

export interface Outcome {
  readonly done: readonly Step[];
  readonly failed: readonly Failure[];
}

/** What must be in the kernel as wished before a packet may pass: without it, one could leave untranslated or unfiltered. */
const guards = (o: KernelObject) => o.kind.startsWith("nft-") || o.kind.startsWith("bpf-");

/**
 * One pass. Steps that fail are reported, not thrown: the rest still runs, and the next pass tries again. Forwarding
 * is opened last, and only after what the kernel then holds has been read back and equals the wish.
 */
export async function pass(kernel: Kernel, want: readonly KernelObject[], have: Have): Promise<Outcome> {
  const steps = plan(want, have);
  const opens = (s: Step) => isGate(subjectOf(s)) && s.do !== "remove";
  const body = await applied(
    kernel,
    steps.filter((s) => !opens(s)),
  );
  const opening = steps.filter(opens);
  if (opening.length === 0) return body;
  const unlike = plan(want, byKey(await kernel.read()))
    .map(subjectOf)
    .filter(guards);
  const gate =
    unlike.length === 0
      ? await applied(kernel, opening)
      : { done: [], failed: opening.map((step) => ({ step, code: "KERNEL_REFUSED", message: heldShut(unlike) })) };
  return { done: [...body.done, ...gate.done], failed: [...body.failed, ...gate.failed] };
}

const heldShut = (unlike: readonly KernelObject[]) =>
  `forwarding stays off: ${unlike.length} objects are not as wished, such as ${unlike.slice(0, 3).map(keyOf).join(", ")}`;

async function applied(kernel: Kernel, steps: readonly Step[]): Promise<Outcome> {
  if (steps.length === 0) return { done: [], failed: [] };
  const results = await kernel.apply(steps);
  const failed = steps.flatMap((step, i): Failure[] => failureOf(step, results[i]));
  const bad = new Set(failed.map((f) => f.step));
  return { done: steps.filter((s) => !bad.has(s)), failed };
}

function failureOf(step: Step, result: StepResult | undefined): Failure[] {
  if (result === null) return [];
  return [{ step, code: result?.code ?? "KERNEL_REFUSED", message: result?.message ?? "no answer for this step" }];
}
