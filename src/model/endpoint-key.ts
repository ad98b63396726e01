/** What tells one NIC from another: its segment and its MAC, however that is written. */
export const endpointKey = ({ segment, mac }: { segment: string; mac: string }): string =>
  `${segment} ${mac.toLowerCase()}`;
