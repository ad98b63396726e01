import type { LockdownSets } from "./host.ts";

/** What `nft -j list table inet appliance` says is in its two sets; undefined: that is no such table. */
export function lockdownIn(listing: string): LockdownSets | undefined {
  const rows = rowsOf(listing);
  const [management, downlink] = ["management", "downlink"].map((name) => elementsOf(rows, name));
  return management && downlink && { management, downlink };
}

interface Row {
  readonly set?: { readonly name?: unknown; readonly elem?: unknown };
}

function rowsOf(listing: string): readonly Row[] {
  try {
    const { nftables } = JSON.parse(listing) as { nftables?: unknown };
    return Array.isArray(nftables) ? nftables.filter((row) => typeof row === "object" && row !== null) : [];
  } catch {
    return [];
  }
}

/** A set without elements has no `elem`. */
function elementsOf(rows: readonly Row[], name: string): string[] | undefined {
  const row = rows.find(({ set }) => set?.name === name);
  if (!row) return undefined;
  const { elem = [] } = row.set ?? {};
  return Array.isArray(elem) ? elem.filter((one) => typeof one === "string") : [];
}
