import { createHash, X509Certificate } from "node:crypto";

/** How people tell a node which authority to believe: `sha256:` and 64 digits, of the root's certificate. */
const PIN = /^sha256:[0-9a-f]{64}$/;

/** @param root PEM */
export const pinOf = (root: string): string =>
  `sha256:${createHash("sha256").update(new X509Certificate(root).raw).digest("hex")}`;

/** What somebody may have typed, with colons between bytes or in capitals; undefined: no pin. */
export function readPin(text: string): string | undefined {
  const [, digits = ""] = /^sha256:(.*)$/i.exec(text.trim()) ?? [];
  const pin = `sha256:${digits.replaceAll(":", "").toLowerCase()}`;
  return PIN.test(pin) ? pin : undefined;
}
