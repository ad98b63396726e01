/** What a node may be. */
const roles = ["manager", "gateway", "agent"] as const;
export type Role = (typeof roles)[number];

/** Who a node is, by its certificate: a URI among its alternative names, as SPIFFE has it. */
export interface Identity {
  readonly role: Role;
  readonly id: string;
}

const form = new RegExp(`^spiffe://pcg/(${roles.join("|")})/([A-Za-z0-9][A-Za-z0-9._-]{0,62})$`);

export const uriOf = ({ role, id }: Identity): string => `spiffe://pcg/${role}/${id}`;

/**
 * The identity that a certificate gives, if it gives exactly one.
 *
 * @param alternativeNames as node:tls writes them: `URI:…, DNS:…`; what needs quoting there is no name of ours
 */
export function identityIn(alternativeNames: string | undefined): Identity | undefined {
  const uris = (alternativeNames ?? "").split(", ").filter((name) => name.startsWith("URI:"));
  const [, role, id] = (uris.length === 1 && form.exec(uris[0]?.slice("URI:".length) ?? "")) || [];
  const known = roles.find((r) => r === role);
  return known && id !== undefined ? { role: known, id } : undefined;
}
