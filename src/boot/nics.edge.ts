import { readdirSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { readMac } from "../net/mac.ts";
import { readText } from "./files.edge.ts";
import type { Nic } from "./role.ts";

const SYS = "/sys/class/net";
/** ARPHRD_ETHER, linux/if_arp.h. */
const ETHERNET = 1;

/** The machine's Ethernet interfaces, without a library or a netlink socket: this is asked at every boot. */
export function readNics(): Nic[] {
  const addresses = networkInterfaces();
  return readdirSync(SYS).flatMap((name): Nic[] => {
    const at = (file: string) => readText(`${SYS}/${name}/${file}`)?.trim() ?? "";
    const mac = readMac(at("address"));
    if (mac === undefined || Number(at("type")) !== ETHERNET) return [];
    const own = addresses[name]?.filter(({ family }) => family === "IPv4") ?? [];
    return [
      {
        ...{ name, mac, mtu: Number(at("mtu")) },
        up: at("operstate") === "up" || (at("operstate") === "unknown" && own.length > 0),
        addresses: own.flatMap(({ cidr }) => cidr ?? []),
      },
    ];
  });
}
