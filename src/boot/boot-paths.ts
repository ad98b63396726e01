import type { Role } from "./role.ts";

/** Where everything is that a booting unit reads and writes. */
export interface BootPaths {
  readonly config: string;
  readonly desired: string;
  readonly credentials: string;
  /** What pcgd keeps: leases, and what it was told. */
  readonly gatewayState: string;
  /** The cloud's facts by which the configuration was written. */
  readonly known: string;
  /** Of this run, until the next. */
  readonly run: string;
  readonly state: string;
  readonly ready: string;
  /** With which configuration the daemons were started. */
  readonly started: string;
  /** The operators' ssh keys. */
  readonly keys: string;
  /** The interfaces of the appliance's own firewall, by their role. */
  readonly lockdown: string;
  readonly issue: string;
  readonly console: string;
  readonly socket: string;
  network(role: Role): string;
}

/** @param root what is put before every path; "" on the appliance */
export const bootPaths = (root: string): BootPaths => ({
  config: `${root}/etc/pcg/pcgd.yaml`,
  desired: `${root}/etc/pcg/desired.yaml`,
  credentials: `${root}/etc/pcg/credentials`,
  gatewayState: `${root}/var/lib/pcg`,
  known: `${root}/var/lib/pcg-boot/known.json`,
  run: `${root}/run/pcg/boot`,
  state: `${root}/run/pcg/boot/state.json`,
  ready: `${root}/run/pcg/boot/ready`,
  started: `${root}/run/pcg/boot/started-with`,
  // Not below /run/pcg, into which pcgd may write: sshd believes no file of which that is so.
  keys: `${root}/run/pcg-keys/admin`,
  lockdown: `${root}/run/pcg-lockdown/interfaces.nft`,
  issue: `${root}/run/issue.d/50-pcg.issue`,
  console: root === "" ? "/dev/console" : `${root}/run/console`,
  socket: `${root}/run/pcg/pcgd.sock`,
  network: (role) => `${root}/run/systemd/network/10-pcg-${role}.network`,
});
