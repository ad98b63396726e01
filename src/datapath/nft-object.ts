import type { ObjectOf } from "../model/kernel-object.ts";
import type { BaseChainName } from "../model/nft/base-chain.ts";
import type { SetType } from "../model/nft/field.ts";
import type { Rule } from "../model/nft/rule.ts";

type SetObject = ObjectOf<"nft-set">;

export const nftSet = (
  name: string,
  key: readonly SetType[],
  flags: { interval?: boolean; counter?: boolean } = {},
): SetObject => ({
  kind: "nft-set",
  name,
  key: [...key],
  interval: flags.interval ?? false,
  counter: flags.counter ?? false,
});

export const nftMap = (
  name: string,
  key: readonly SetType[],
  value: readonly SetType[],
  flags: { interval?: boolean; valueRange?: boolean } = {},
): SetObject => ({
  ...nftSet(name, key, flags),
  value: [...value],
  ...(flags.valueRange ? { valueRange: true } : {}),
});

export const nftElement = (set: string, key: string, value?: string): ObjectOf<"nft-element"> =>
  value === undefined ? { kind: "nft-element", set, key } : { kind: "nft-element", set, key, value };

/** A base chain: where the kernel calls in. Those of which the whole is fixed take no rules. */
export const nftBaseChain = (name: BaseChainName, rules: readonly Rule[] = []): ObjectOf<"nft-base-chain"> => ({
  kind: "nft-base-chain",
  name,
  rules: rules.map((r) => [...r]),
});

/** A chain other chains jump to. */
export const nftChain = (name: string, rules: readonly Rule[]): ObjectOf<"nft-chain"> => ({
  kind: "nft-chain",
  name,
  rules: rules.map((r) => [...r]),
});
