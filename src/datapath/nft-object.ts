import type { ObjectOf } from "../model/kernel-object.ts";

type SetObject = ObjectOf<"nft-set">;

export const nftSet = (
  name: string,
  keyType: string,
  flags: { interval?: boolean; counter?: boolean } = {},
): SetObject => ({
  kind: "nft-set",
  name,
  keyType,
  interval: flags.interval ?? false,
  counter: flags.counter ?? false,
});

export const nftMap = (
  name: string,
  keyType: string,
  valueType: string,
  flags: { interval?: boolean } = {},
): SetObject => ({
  ...nftSet(name, keyType, flags),
  valueType,
});

export const nftElement = (set: string, key: string, value?: string): ObjectOf<"nft-element"> =>
  value === undefined ? { kind: "nft-element", set, key } : { kind: "nft-element", set, key, value };

/** A base chain: where the kernel calls in. */
export const nftBaseChain = (
  name: string,
  hook: NonNullable<ObjectOf<"nft-chain">["hook"]>,
  rules: readonly string[],
): ObjectOf<"nft-chain"> => ({ kind: "nft-chain", name, hook, rules: [...rules] });

/** A chain other chains jump to. */
export const nftChain = (name: string, rules: readonly string[]): ObjectOf<"nft-chain"> => ({
  kind: "nft-chain",
  name,
  rules: [...rules],
});
