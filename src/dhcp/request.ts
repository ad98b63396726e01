import { PcgError } from "../base/error.ts";
import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import { type DhcpMessage, LEAST_MAX_SIZE } from "../wire/dhcp.ts";
import { dhcpOption, type MessageType, messageTypes } from "../wire/dhcp-option-codes.ts";
import { readOption } from "../wire/dhcp-options.ts";
import { toHex } from "../wire/hex.ts";

/** How a message came: the facts outside it that an answer depends on. */
export interface Arrival {
  /** Source of the Ethernet frame: the client, or its relay. */
  readonly from: Mac;
  /** Source of the IP packet. */
  readonly source: Ipv4;
  /** Destination of the IP packet: the server, or everyone. */
  readonly to: Ipv4;
}

/** A client's message, with the options an answer depends on read. */
export interface DhcpRequest {
  readonly message: DhcpMessage;
  readonly arrival: Arrival;
  readonly type: MessageType;
  readonly mac: Mac;
  /** Option 61 in hex. */
  readonly clientId: string | undefined;
  readonly hostname: string | undefined;
  readonly requested: Ipv4 | undefined;
  readonly serverId: Ipv4 | undefined;
  /** Option 55; undefined when the client does not say what it wants. */
  readonly parameters: readonly number[] | undefined;
  /** Option 57: bytes of an IP packet that the client takes. */
  readonly maxSize: number;
}

const typeNames = new Map<number, MessageType>(
  (Object.entries(messageTypes) as [MessageType, number][]).map(([name, number]) => [number, name]),
);

/** @throws WIRE_MALFORMED, WIRE_UNSUPPORTED (BOOTP, or an unknown message type) */
export function readRequest(message: DhcpMessage, arrival: Arrival): DhcpRequest {
  const { options } = message;
  const number = readOption(options, dhcpOption.messageType);
  const type = number === undefined ? undefined : typeNames.get(number);
  if (!type) throw new PcgError("WIRE_UNSUPPORTED", { field: "message type", value: number ?? "none" });
  const clientId = options.get(dhcpOption.clientId.code);
  if (clientId && (clientId.length < 2 || clientId.length > 255))
    throw new PcgError("WIRE_MALFORMED", { option: 61, length: clientId.length });
  const parameters = options.get(dhcpOption.parameterList.code);
  return {
    message,
    arrival,
    type,
    mac: toHex(message.chaddr.subarray(0, 6), ":") as Mac,
    clientId: clientId && toHex(clientId),
    hostname: printable(options.get(dhcpOption.hostName.code)),
    requested: readOption(options, dhcpOption.requestedAddress),
    serverId: readOption(options, dhcpOption.serverId),
    // Some clients send the option without data: that is as if it were not there.
    parameters: parameters?.length ? [...parameters] : undefined,
    maxSize: readOption(options, dhcpOption.maxMessageSize) ?? LEAST_MAX_SIZE,
  };
}

/** A name as far as it is fit to be shown: logs and pages will print it. */
function printable(data: Uint8Array | undefined): string | undefined {
  const text = String.fromCharCode(...(data?.subarray(0, 255) ?? [])).replace(/[^A-Za-z0-9._-]/g, "");
  return text === "" ? undefined : text;
}
