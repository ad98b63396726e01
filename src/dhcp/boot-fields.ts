import { type Ipv4, readIpv4, UNSPECIFIED } from "../net/ipv4.ts";
import { NO_FILE, NO_SNAME } from "../wire/dhcp.ts";
import { dhcpOption } from "../wire/dhcp-option-codes.ts";
import { type OptionSet, readOption } from "../wire/dhcp-options.ts";

/** What a client is told beside its address: options, and the fields that boot loaders look at in place of them. */
export interface Parameters {
  readonly options: OptionSet;
  readonly siaddr: Ipv4;
  readonly sname: Uint8Array;
  readonly file: Uint8Array;
}

/**
 * The options with the fields that say the same. PXE firmware reads the next server in siaddr and the file in `file`
 * (RFC 2131 §2), whatever options 66, 67 and 150 say. A server that is a name goes into sname, for siaddr takes an
 * address alone; what is too long for its field stands in its option only.
 */
export function withBootFields(options: OptionSet): Parameters {
  const server = textOf(options, dhcpOption.tftpServerName.code);
  const address = readIpv4(server);
  const [next = UNSPECIFIED] = readOption(options, dhcpOption.tftpServerAddresses) ?? [];
  return {
    options,
    siaddr: address ?? next,
    sname: address === undefined ? field(server, NO_SNAME) : NO_SNAME,
    file: field(textOf(options, dhcpOption.bootFileName.code), NO_FILE),
  };
}

const textOf = (options: OptionSet, code: number) => Buffer.from(options.get(code) ?? []).toString("latin1");

/** A zero ends the text. */
function field(text: string, blank: Uint8Array): Uint8Array {
  if (text === "" || text.length >= blank.length) return blank;
  const bytes = new Uint8Array(blank.length);
  bytes.set(Buffer.from(text, "latin1"));
  return bytes;
}
