import type { Brand } from "../base/brand.ts";
import { PcgError } from "../base/error.ts";

/** Virtual Network Identifier, 24 bits. RFC 8926 §3.3. */
export type Vni = Brand<number, "Vni">;

/** @throws NET_BAD_VALUE */
export function Vni(n: number): Vni {
  if (!Number.isInteger(n) || n < 0 || n > 0xffffff)
    throw new PcgError("NET_BAD_VALUE", { expected: "VNI 0..16777215", value: n });
  return n as Vni;
}
