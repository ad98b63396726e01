import type { Slot } from "./slot.ts";

/** The running machine, as far as an upgrade changes it. */
export interface Host {
  /** Whose product runs. */
  current(): Promise<Slot>;
  /** Puts a slot's product in place of the running one, and its daemons to work. @throws UPGRADE_FAILED */
  activate(slot: Slot): Promise<void>;
  /** What speaks against calling the gateway healthy at this moment; undefined: nothing. */
  complaint(): Promise<string | undefined>;
  /** Asked for; the machine goes down after this returns. @throws UPGRADE_FAILED */
  reboot(): Promise<void>;
}
