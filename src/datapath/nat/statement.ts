import type { KeyField } from "../../model/nft/field.ts";
import type { Statement } from "../../model/nft/rule.ts";

type Action = "snat" | "dnat";

export const translate = (action: Action, to: string, ports?: string): Statement =>
  ports === undefined ? { do: action, to } : { do: action, to, ports };

/** To what a map says of these fields of the packet. */
export const translateBy = (action: Action, map: string, key: readonly KeyField[]): Statement => ({
  do: action,
  key: [...key],
  map,
});

/** As {@link translateBy}, where the map's values are addresses with ports. */
export const translateWithPortsBy = (action: Action, map: string, key: readonly KeyField[]): Statement => ({
  do: action,
  key: [...key],
  map,
  ports: true,
});

/** Address by address from one network into another as long. */
export const translateNetwork = (action: Action, from: string, into: string): Statement => ({ do: action, from, into });
