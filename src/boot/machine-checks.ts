import { type CheckRow, failed, notYet, ok } from "./check.ts";

/** Less than this, and an upgrade or a database's log soon finds no room. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const CLOCK = "see timedatectl; 169.254.169.123 must be reachable through management";

/** The machine below the gateway. */
export const machineChecks: readonly CheckRow[] = [
  {
    name: "kernel",
    isLocal: true,
    look: ({ missingModules, hasBtf }) => {
      if (missingModules.length > 0)
        return failed(`modules are missing: ${missingModules.join(", ")}`, "see systemctl status systemd-modules-load");
      return hasBtf
        ? ok("modules and BTF are there")
        : failed("there is no BTF", "boot a kernel with CONFIG_DEBUG_INFO_BTF");
    },
  },
  {
    name: "disk",
    isLocal: true,
    look: ({ disk }) => {
      if (typeof disk === "string") return failed(`cannot be written: ${disk}`, "make room, or enlarge the disk");
      const free = `${megabytes(disk.freeBytes)} MB of ${megabytes(disk.bytes)} MB free`;
      return disk.freeBytes < LEAST_FREE_BYTES
        ? failed(`has only ${free}`, "remove what is not needed below /var, or enlarge the disk")
        : ok(`takes writes; ${free}`);
    },
  },
  {
    name: "clock",
    // It takes a server elsewhere.
    isLocal: false,
    look: ({ isClockSynchronised: is }) => {
      if (is === undefined) return notYet("the kernel does not tell whether it is synchronised", CLOCK);
      return is ? ok("synchronised") : notYet("not synchronised", CLOCK);
    },
  },
];

const megabytes = (bytes: number) => Math.floor(bytes / 1024 / 1024);
