const pairs = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

/** Lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array, separator = ""): string {
  let text = "";
  for (const byte of bytes) text += text === "" ? pairs[byte] : separator + pairs[byte];
  return text;
}

/** The bytes of a text that a schema has already found to be pairs of hex digits. */
export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
