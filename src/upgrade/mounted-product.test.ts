import { expect, test } from "vitest";
import { kernelRelease } from "./kernel-release.ts";
import { deviceMountedAt, slotOfFile } from "./mounted-product.ts";

const mountinfo = `26 1 7:0 / / ro,relatime shared:1 - squashfs /dev/loop0 ro
91 26 7:1 / /opt/pcg ro,nosuid,nodev,relatime shared:5 master:1 - squashfs /dev/loop1 ro
93 91 7:2 / /opt/pcg ro,nosuid,nodev,relatime - squashfs /dev/loop7 ro`;

test("deviceMountedAt gives the device of the mount that is seen", () => {
  expect(deviceMountedAt(mountinfo, "/opt/pcg")).toBe("/dev/loop7");
  expect(deviceMountedAt(mountinfo, "/")).toBe("/dev/loop0");
  expect(deviceMountedAt(mountinfo, "/opt")).toBeUndefined();
});

test("slotOfFile knows the slots' products, and nothing else", () => {
  expect(slotOfFile("/store/slots/b/product.squashfs\n")).toBe("b");
  expect(slotOfFile("/store/slots/a/product.squashfs (deleted)\n")).toBeUndefined();
  expect(slotOfFile("/store/slots/incoming/product.squashfs\n")).toBeUndefined();
});

test("kernelRelease reads the first word of the text a bzImage points to", () => {
  const image = Buffer.alloc(0x400);
  image.write("HdrS", 0x202);
  image.writeUInt16LE(0x150, 0x20e);
  image.write("6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP\0", 0x350);
  expect(kernelRelease(image)).toBe("6.1.0-40-cloud-amd64");
  expect(kernelRelease(Buffer.alloc(0x400))).toBeUndefined();
  expect(kernelRelease(Buffer.from("HdrS"))).toBeUndefined();
});
