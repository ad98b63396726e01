import { type MessageType, messageTypes } from "../wire/dhcp-option-codes.ts";
import { type DhcpDrop, dhcpDrops } from "./drops.ts";

/** What happened since the start. */
export interface DhcpCounters {
  readonly received: Record<MessageType, number>;
  readonly sent: Record<MessageType, number>;
  readonly dropped: Record<DhcpDrop, number>;
}

const zeros = <K extends string>(names: Record<K, unknown>) =>
  Object.fromEntries(Object.keys(names).map((name) => [name, 0])) as Record<K, number>;

export const newCounters = (): DhcpCounters => ({
  received: zeros(messageTypes),
  sent: zeros(messageTypes),
  dropped: zeros(dhcpDrops),
});
