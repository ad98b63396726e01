import { domainNames } from "./domain-names.ts";
import {
  address,
  addresses,
  addressPairs,
  classlessRoutes,
  clientId,
  i32,
  type OptionValue,
  presence,
  raw,
  relayAgent,
  text,
  truth,
  u8,
  u8List,
  u16,
  u16List,
  u32,
} from "./option-values.ts";

/** An option by its code, and how its data is read. */
export interface OptionCode<T> {
  readonly code: number;
  readonly value: OptionValue<T>;
}

const row = <T>(code: number, value: OptionValue<T>): OptionCode<T> => ({ code, value });

/** Every option with a meaning here: RFC 2132 by section, then others by RFC. Any other code is carried through. */
export const dhcpOption = {
  // §3 vendor extensions
  subnetMask: row(1, address),
  timeOffset: row(2, i32),
  routers: row(3, addresses),
  timeServers: row(4, addresses),
  nameServers: row(5, addresses),
  domainNameServers: row(6, addresses),
  logServers: row(7, addresses),
  cookieServers: row(8, addresses),
  lprServers: row(9, addresses),
  impressServers: row(10, addresses),
  resourceLocationServers: row(11, addresses),
  hostName: row(12, text),
  bootFileSize: row(13, u16),
  meritDumpFile: row(14, text),
  domainName: row(15, text),
  swapServer: row(16, address),
  rootPath: row(17, text),
  extensionsPath: row(18, text),
  // §4 IP, per host
  ipForwarding: row(19, truth),
  nonLocalSourceRouting: row(20, truth),
  policyFilter: row(21, addressPairs),
  maxReassembly: row(22, u16),
  defaultTtl: row(23, u8),
  pathMtuAging: row(24, u32),
  pathMtuPlateaus: row(25, u16List),
  // §5 IP, per interface
  interfaceMtu: row(26, u16),
  allSubnetsLocal: row(27, truth),
  broadcastAddress: row(28, address),
  performMaskDiscovery: row(29, truth),
  maskSupplier: row(30, truth),
  performRouterDiscovery: row(31, truth),
  routerSolicitation: row(32, address),
  staticRoutes: row(33, addressPairs),
  // §6 link layer, §7 TCP
  trailerEncapsulation: row(34, truth),
  arpCacheTimeout: row(35, u32),
  ethernetEncapsulation: row(36, truth),
  tcpDefaultTtl: row(37, u8),
  tcpKeepaliveInterval: row(38, u32),
  tcpKeepaliveGarbage: row(39, truth),
  // §8 applications and services
  nisDomain: row(40, text),
  nisServers: row(41, addresses),
  ntpServers: row(42, addresses),
  vendorSpecific: row(43, raw),
  netbiosNameServers: row(44, addresses),
  netbiosDatagramServers: row(45, addresses),
  netbiosNodeType: row(46, u8),
  netbiosScope: row(47, text),
  xFontServers: row(48, addresses),
  xDisplayManagers: row(49, addresses),
  nisPlusDomain: row(64, text),
  nisPlusServers: row(65, addresses),
  mobileIpHomeAgents: row(68, addresses),
  smtpServers: row(69, addresses),
  pop3Servers: row(70, addresses),
  nntpServers: row(71, addresses),
  wwwServers: row(72, addresses),
  fingerServers: row(73, addresses),
  ircServers: row(74, addresses),
  streetTalkServers: row(75, addresses),
  stdaServers: row(76, addresses),
  // §9 DHCP itself
  requestedAddress: row(50, address),
  leaseTime: row(51, u32),
  overload: row(52, u8),
  messageType: row(53, u8),
  serverId: row(54, address),
  parameterList: row(55, u8List),
  message: row(56, text),
  maxMessageSize: row(57, u16),
  renewalTime: row(58, u32),
  rebindingTime: row(59, u32),
  vendorClass: row(60, raw),
  clientId: row(61, clientId),
  tftpServerName: row(66, text),
  bootFileName: row(67, text),
  // others
  rapidCommit: row(80, presence), // RFC 4039
  relayAgent: row(82, relayAgent), // RFC 3046
  domainSearch: row(119, domainNames), // RFC 3397
  classlessRoutes: row(121, classlessRoutes), // RFC 3442
  tftpServerAddresses: row(150, addresses), // RFC 5859
  classlessRoutesMicrosoft: row(249, classlessRoutes), // as 121, from before it had a number
} as const;

/** The message types of option 53, RFC 2132 §9.6. */
export const messageTypes = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;
export type MessageType = keyof typeof messageTypes;
