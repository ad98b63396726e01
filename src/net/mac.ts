import type { Brand } from "../base/brand.ts";
import { PcgError } from "../base/error.ts";

/** An Ethernet address in its one written form: six lower-case hex pairs with colons. */
export type Mac = Brand<string, "Mac">;

export const readMac = (text: string): Mac | undefined =>
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? (text.toLowerCase() as Mac) : undefined;

/** @throws NET_BAD_VALUE */
export function parseMac(text: string): Mac {
  const mac = readMac(text);
  if (!mac) throw new PcgError("NET_BAD_VALUE", { expected: "MAC address", value: text });
  return mac;
}

export const macBytes = (mac: Mac): Uint8Array => Uint8Array.from(mac.split(":"), (pair) => Number.parseInt(pair, 16));

/** @throws NET_BAD_VALUE unless there are six bytes */
export function macOfBytes(bytes: Uint8Array): Mac {
  return parseMac([...bytes].map((b) => b.toString(16).padStart(2, "0")).join(":"));
}

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
