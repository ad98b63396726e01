/** Where the address is that a DHCP server gave to an interface: `{ ip }`. */
export const leaseKey = (segment: string, mac: string): string => `/leases/${segment}/${mac.toLowerCase()}`;

/** The collection of a VM's ports. */
export const attachedTo = (vm: string): string => `attached/${vm}/`;

/** `/infra/tier-0s/` of `/infra/tier-0s/t0`. */
const folderOf = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);

/** Beside its folder, a port is found by its VM. */
export function collectionsOfDocument(key: string, value: unknown): string[] {
  if (key.startsWith("/leases/")) return [];
  const vm = PORT.test(key) ? (value as { attachment?: { id?: string } }).attachment?.id : undefined;
  return [folderOf(key), ...(vm === undefined ? [] : [attachedTo(vm)])];
}

const PORT = /^\/infra\/segments\/[^/]+\/ports\/[^/]+$/;
