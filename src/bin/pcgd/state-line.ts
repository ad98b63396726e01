import type { Progress } from "../../reconcile/reconciler.ts";
import type { Refusal } from "./desired-file.edge.ts";

interface GatewayState {
  /** Why nothing can be realized yet; null: it can. */
  readonly waiting: string | null;
  readonly progress: Progress;
  readonly refusal: Refusal | null;
}

/** How a gateway is, in the one line that `systemctl status` has for it. */
export function stateLine({ waiting, progress, refusal }: GatewayState): string {
  const flaws = refusal?.flaws.length ?? 0;
  const parts = [
    ...(waiting === null ? [] : [`waiting: ${waiting}`]),
    ...(flaws > 0 ? [`${refusal?.file} is refused (${flaws} ${flaws === 1 ? "flaw" : "flaws"})`] : []),
    ...(waiting === null ? [kernelPart(progress)] : []),
  ];
  return parts.join("; ");
}

function kernelPart({ wished, realized, failures, lastError }: Progress): string {
  if (wished === null) return "nothing is wished yet";
  if (lastError === null) return realized === wished ? `generation ${wished} is realized` : `realizing ${wished}`;
  return failures.size > 0
    ? `generation ${wished}: ${failures.size} objects fail, such as: ${lastError}`
    : `generation ${wished}: ${lastError}`;
}
