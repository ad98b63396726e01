/**
 * What a kernel image says `uname -r` will be: Linux/x86 boot protocol 2.00, Documentation/arch/x86/boot.rst: magic "HdrS"
 * at 0x202, and at 0x20e where the text lies, counted from 0x200. Undefined: it is no such image.
 */
export function kernelRelease(image: Uint8Array): string | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  if (bytes.length < 0x210 || bytes.toString("latin1", 0x202, 0x206) !== "HdrS") return undefined;
  const at = bytes.readUInt16LE(0x20e) + 0x200;
  return /^[!-~]{1,64}/.exec(bytes.toString("latin1", at, at + 64))?.[0];
}
