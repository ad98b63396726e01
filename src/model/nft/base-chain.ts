/**
 * Where the kernel may call in: all base chains there are. Hook, priority and policy, and what each begins with so that
 * nobody's rule ever meets the machine's own traffic, are the privileged side's (kernel/base-chains.ts). `rules`: whether
 * others' rules follow that; a chain without is the privileged side's whole.
 */
export const baseChains = {
  /** Before fragments are put together. */
  "before-defrag": { type: "filter", at: "prerouting", priority: -450, policy: "accept", rules: true },
  /** The tunnel itself is no connection: what is inside is. */
  "untracked-in": { type: "filter", at: "prerouting", priority: -300, policy: "accept", rules: false },
  /** Before connection tracking. */
  "before-tracking": { type: "filter", at: "prerouting", priority: -290, policy: "accept", rules: true },
  /** With connection tracking, before translation and routing. */
  "before-translation": { type: "filter", at: "prerouting", priority: -150, policy: "accept", rules: true },
  "nat-prerouting": { type: "nat", at: "prerouting", priority: -100, policy: "accept", rules: true },
  /** What the gateway itself answers. */
  input: { type: "filter", at: "input", priority: 0, policy: "accept", rules: false },
  forward: { type: "filter", at: "forward", priority: 0, policy: "drop", rules: true },
  "untracked-out": { type: "filter", at: "output", priority: -300, policy: "accept", rules: false },
  "nat-postrouting": { type: "nat", at: "postrouting", priority: 100, policy: "accept", rules: true },
  /** After source NAT and everything else that may still change a packet. */
  last: { type: "filter", at: "postrouting", priority: 300, policy: "accept", rules: true },
} as const satisfies Record<string, BaseChain>;

interface BaseChain {
  readonly type: "filter" | "nat";
  readonly at: "prerouting" | "input" | "forward" | "output" | "postrouting";
  readonly priority: number;
  readonly policy: "accept" | "drop";
  readonly rules: boolean;
}

export type BaseChainName = keyof typeof baseChains;
export const baseChainNames = Object.keys(baseChains) as BaseChainName[];
export const isBaseChain = (name: string): name is BaseChainName => Object.hasOwn(baseChains, name);
