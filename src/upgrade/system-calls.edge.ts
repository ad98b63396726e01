import { closeSync, constants, openSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import { PcgError } from "../base/error.ts";

const libc = koffi.load("libc.so.6");
const cMount = libc.func(
  "int mount(const char *source, const char *target, const char *type, ulong flags, void *data)",
);
const cUnmount = libc.func("int umount2(const char *target, int flags)");
const cIoctl = libc.func("int ioctl(int fd, ulong request, uint32_t *argument)");
const cLock = libc.func("int flock(int fd, int operation)");

/** include/uapi/linux/mount.h, fs.h, ext4.h; asm-generic/fcntl.h. */
const MS_BIND = 0x1000;
const MNT_DETACH = 2;
const EXT4_IOC_CHECKPOINT = 0x4004_662b;
const LOCK_EX_NB = 2 | 4;

const errnoName = () => getSystemErrorName(-koffi.errno());

/**
 * Puts one mount in the place of another. Whoever still uses the old one keeps it, and with the last of them it goes: so
 * none is ever under another, however often this is done. Nothing is there for some microseconds.
 * @throws UPGRADE_FAILED
 */
export function exchangeMount(from: string, at: string): void {
  for (const [step, failed] of [
    ["umount", () => cUnmount(at, MNT_DETACH)],
    ["mount", () => cMount(from, at, "none", MS_BIND, null)],
    ["umount", () => cUnmount(from, MNT_DETACH)],
  ] as const)
    if (failed() !== 0) throw new PcgError("UPGRADE_FAILED", { step, from, at, errno: errnoName() });
}

/**
 * Writes the journal's content to where it belongs, of the file system that this folder is in: GRUB reads ext4 without
 * playing the journal (Documentation/filesystems/ext4/journal.rst, "Journal Checkpoint"; Linux 5.14). One without such a
 * journal has nothing to write.
 * @throws UPGRADE_DISK
 */
export function checkpointJournal(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const failed = cIoctl(fd, EXT4_IOC_CHECKPOINT, [0]) !== 0;
  const errno = failed ? errnoName() : "";
  closeSync(fd);
  if (failed && !["ENOTTY", "EOPNOTSUPP", "ENODEV"].includes(errno))
    throw new PcgError("UPGRADE_DISK", { step: "checkpoint", folder, errno });
}

/** Held until this process ends. @throws UPGRADE_NOT_NOW when another holds it */
export function lockFile(path: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (cLock(fd, LOCK_EX_NB) !== 0)
    throw new PcgError("UPGRADE_NOT_NOW", { lock: path, why: "another pcg-upgrade runs" });
}
