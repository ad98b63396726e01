import { existsSync } from "node:fs";
import { PcgError } from "../base/error.ts";
import { GATEWAY_GROUP, gatewayUsers } from "./gateway.ts";
import { run } from "./run.edge.ts";
import type { Setup } from "./setup.ts";

/** Programs the laboratory runs, and the Debian package each comes from. */
const programs = {
  ip: "iproute2",
  nft: "nftables",
  ethtool: "ethtool",
  curl: "curl",
  sysctl: "procps",
  setpriv: "util-linux",
  nsenter: "util-linux",
  unshare: "util-linux",
  udhcpc: "udhcpc",
  "ovs-vswitchd": "openvswitch-switch",
  "ovsdb-server": "openvswitch-switch",
  "ovs-ofctl": "openvswitch-common",
} as const;

/** Programs it runs besides where gateways are virtual machines. */
const programsOfMachines = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-img": "qemu-utils",
  dnsmasq: "dnsmasq-base",
  "ssh-keygen": "openssh-client",
} as const;

const FIX = "bash appliance/setup.sh";
const FIX_FOR_MACHINES = `${FIX} --with image`;

/** @throws LAB_FAILED naming what is missing and the way to get it */
export function requireAll({ image }: Setup): void {
  if (process.getuid?.() !== 0) throw new PcgError("LAB_FAILED", { missing: "root", fix: "run it as root" });
  if (!existsSync("/dev/net/tun"))
    throw new PcgError("LAB_FAILED", { missing: "/dev/net/tun", fix: "modprobe tun, or a kernel with CONFIG_TUN" });
  if (image !== undefined && !existsSync(image))
    throw new PcgError("LAB_FAILED", { missing: image, fix: "npm run image" });
  const wanted = image === undefined ? programs : { ...programs, ...programsOfMachines };
  const missing = Object.entries(wanted).filter(([name]) => !isInstalled(name));
  if (missing.length > 0) {
    const [names, packages] = [missing.map(([name]) => name), [...new Set(missing.map(([, from]) => from))]];
    throw new PcgError("LAB_FAILED", {
      missing: names.join(" "),
      packages: packages.join(" "),
      fix: image === undefined ? FIX : FIX_FOR_MACHINES,
    });
  }
}

const isInstalled = (program: string) =>
  ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((directory) =>
    existsSync(`${directory}/${program}`),
  );

/** The system users of the gateway's processes, made where they are missing. They stay, as on the appliance. */
export async function ensureGatewayUsers(): Promise<void> {
  if (!(await exists("group", GATEWAY_GROUP))) await run({ argv: ["groupadd", "--system", GATEWAY_GROUP] });
  for (const user of Object.values(gatewayUsers)) {
    if (await exists("passwd", user)) continue;
    const options = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "--gid", GATEWAY_GROUP] as const;
    await run({ argv: ["useradd", ...options, user] });
  }
}

const exists = (database: string, name: string) =>
  run({ argv: ["getent", database, name] }).then(
    () => true,
    () => false,
  );
