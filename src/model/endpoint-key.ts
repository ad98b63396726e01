/** What tells one NIC from another: its segment and its MAC, however that is written. */
export const keyOf = ({ segment, mac }: { segment: string; mac: string }): string => `${segment} ${mac.toLowerCase()}`;
