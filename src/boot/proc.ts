/** Tables of /proc as text. Each line that is not of the form is passed over. */

/** /proc/net/arp: addresses whose MAC the kernel knows (ATF_COM, linux/if_arp.h). */
export const neighboursIn = (text: string): string[] =>
  lines(text).flatMap(([address = "", , flags = "0"]) =>
    /^[\d.]+$/.test(address) && (Number(flags) & 0x02) !== 0 ? [address] : [],
  );

/** /proc/net/udp: local ends, such as `10.99.3.44:6081`. The address is in the machine's order, which is x86's. */
export const udpSocketsIn = (text: string): string[] =>
  lines(text).flatMap(([, local = ""]) => {
    const [, address = "", port = ""] = /^([0-9A-F]{8}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (address === "") return [];
    const bytes = address.match(/../g)?.toReversed() ?? [];
    return [`${bytes.map((byte) => Number.parseInt(byte, 16)).join(".")}:${Number.parseInt(port, 16)}`];
  });

/** /proc/modules, or modules.builtin of the kernel: names as modprobe has them. */
export const modulesIn = (text: string): string[] =>
  lines(text).flatMap(([first = ""]) => {
    const name = first.replace(/^.*\//, "").replace(/\.ko$/, "").replaceAll("-", "_");
    return name === "" ? [] : [name];
  });

/** /proc/cmdline: what follows `name=`. */
export const parameterIn = (text: string, name: string): string | undefined =>
  text
    .trim()
    .split(/\s+/)
    .find((word) => word.startsWith(`${name}=`))
    ?.slice(name.length + 1);

const lines = (text: string): string[][] => text.split("\n").map((line) => line.trim().split(/\s+/));
