import type { Progress } from "../../reconcile/reconciler.ts";
import type { Refusal } from "./desired-file.edge.ts";

interface GatewayState {
  readonly found: boolean;
  readonly progress: Progress;
  readonly refusal: Refusal | null;
}

/** How a gateway is, in the one line that `systemctl status` has for it. */
export function stateLine({ found, progress, refusal }: GatewayState): string {
  const flaws = refusal?.flaws.length ?? 0;
  const parts = [
    ...(found ? [] : ["waiting for the interfaces that pcgd.yaml names"]),
    ...(flaws > 0 ? [`${refusal?.file} is refused (${flaws} ${flaws === 1 ? "flaw" : "flaws"})`] : []),
    ...(found ? [kernelPart(progress)] : []),
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
