import koffi from "koffi";
import { PcgError } from "../base/error.ts";

/** ioctl(SIOCETHTOOL), linux/ethtool.h: the two offloads the overlay's veth needs set. */
const SIOCETHTOOL = 0x8946;
const commands = { tso: 0x1f, gro: 0x2c } as const;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const IFNAMSIZ = 16;

const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const close = libc.func("int close(int fd)");
const ioctl = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *ifreq)");
const EthtoolValue = koffi.struct("EthtoolValue", { cmd: "uint32_t", data: "uint32_t" });

/** @throws KERNEL_REFUSED */
export function setFeature(link: string, feature: keyof typeof commands, on: boolean): void {
  const value = koffi.alloc(EthtoolValue, 1);
  koffi.encode(value, EthtoolValue, { cmd: commands[feature], data: on ? 1 : 0 });
  const request = Buffer.alloc(40);
  request.write(link, 0, IFNAMSIZ - 1);
  request.writeBigUInt64LE(BigInt(koffi.address(value)), IFNAMSIZ);
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  try {
    if (ioctl(fd, SIOCETHTOOL, request) !== 0)
      throw new PcgError("KERNEL_REFUSED", {
        what: `ethtool -K ${link} ${feature} ${on ? "on" : "off"}`,
        errno: koffi.errno(),
      });
  } finally {
    close(fd);
    koffi.free(value);
  }
}
