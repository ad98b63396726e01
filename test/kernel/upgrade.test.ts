import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { endOf, UpgradeBox } from "./upgrade-box.ts";

const RESTART = "restart pcg-load.service pcg-kernel.service pcgd.service";
const BOOT = "try-restart --no-block pcg-boot.service";

describe("pcg-upgrade on a real disk", () => {
  const box = new UpgradeBox();
  beforeAll(() => box.start());
  afterAll(() => box.stop());
  beforeEach(() => void box.told());

  /** With the bundle's bytes changed; nothing may come of it. */
  async function refused(version: string, change: (bytes: Buffer) => Buffer): Promise<string> {
    const file = box.path("changed.bundle");
    writeFileSync(file, change(readFileSync(box.path(`pcg-${version}.bundle`))));
    const before = box.contents();
    const { status, said } = await box.run("install", file);
    expect(status, said).toBe(1);
    expect(box.contents()).toBe(before);
    expect(box.told()).toEqual([]);
    return /UPGRADE_\w+/.exec(said)?.[0] ?? said;
  }

  test("a new product takes over under the running system, and the next boot has it too", async () => {
    const { status, said } = await box.run("install", await box.bundle({ version: "1.1.0" }));
    expect(said).toContain("root.squashfs: 4096 bytes, as it is already");
    expect([status, box.version(), box.mounts()]).toEqual([0, "1.1.0", 1]);
    expect(box.told()).toEqual([`${RESTART} (1.1.0)`, BOOT]);
    expect(box.grubVariables()).toEqual(["other=kept", "good=b"]);
    expect(await box.status()).toMatchObject({ current: "b", next: "b", onTrial: false, last: { state: "good" } });
    expect(box.inside(`stat -c %h ${box.store}/slots/a/root.squashfs`)).toBe("2");
  });

  test("a product that is not healthy, or whose daemons do not start, gives way to the one before", async () => {
    for (const [version, flaw] of [
      ["1.1.1", { healthy: false }],
      ["1.1.2", { starts: false }],
    ] as const) {
      const bundle = await box.bundle({ version, ...flaw });
      const { status, said } = await box.run("install", bundle, "--limit", "3");
      expect(status, said).toBe(1);
      expect([box.version(), box.mounts()]).toEqual(["1.1.0", 1]);
      expect(box.told()).toContain(`${RESTART} (1.1.0)`);
      expect(box.grubVariables()).toContain("good=b");
      expect(await box.status()).toMatchObject({ current: "b", next: "b", last: { version, state: "returned" } });
    }
  });

  test("the slots take turns, however often, and no mount lies under another", async () => {
    for (const version of ["1.2.0", "1.2.1", "1.2.2"]) {
      const { status, said } = await box.run("install", await box.bundle({ version }));
      expect(status, said).toBe(0);
      expect([box.version(), box.mounts()]).toEqual([version, 1]);
    }
    const devices = box.inside(`grep -l ${box.folder}/store/ /sys/block/loop*/loop/backing_file`).split("\n");
    expect(devices, "loop devices of products").toHaveLength(1);
  });

  test("rollback brings the version before back, live, and again", async () => {
    for (const version of ["1.2.1", "1.2.2"]) {
      expect(await box.run("rollback")).toMatchObject({ status: 0 });
      expect(box.version()).toBe(version);
    }
  });

  test("a bundle with a byte flipped in any of its parts is refused, and nothing changes", async () => {
    await box.bundle({ version: "2.0.0", base: "changed" });
    const bytes = readFileSync(box.path("pcg-2.0.0.bundle"));
    const names = ["manifest.json", "manifest.sig", "vmlinuz", "initrd.img", "root.squashfs", "product.squashfs"];
    const headers = names.map((name) => bytes.indexOf(`${name}\0`));
    const contents = headers.map((at) => at + 512 + 20);
    const places = [...headers.map((at) => at + 130), ...contents, bytes.length - 1, (headers[3] ?? 0) - 1];
    for (const at of places) {
      const flip = (whole: Buffer) => {
        whole.writeUInt8(whole.readUInt8(at) ^ 1, at);
        return whole;
      };
      expect(await refused("2.0.0", flip), `byte ${at}`).toMatch(/^UPGRADE_(BAD_BUNDLE|NOT_SIGNED)$/);
    }
  });

  test("a bundle that ends early or goes on, and one that another key signed, is refused", async () => {
    for (const part of [0, 100, 2_000, 4_000, -1])
      expect(await refused("2.0.0", (whole) => whole.subarray(0, part))).toBe("UPGRADE_BAD_BUNDLE");
    expect(await refused("2.0.0", (whole) => Buffer.concat([whole, Buffer.of(0)]))).toBe("UPGRADE_BAD_BUNDLE");
    await box.run("keygen", "--key", box.path("other.pem"), "--public", box.path("other.pub"));
    const [slot, out] = [box.path("made/2.0.0"), box.path("pcg-2.0.1.bundle")];
    const key = ["--version", "2.0.1", "--kernel", "6.1.0", "--key", box.path("other.pem")];
    expect(await box.run("pack", "--slot", slot, "--out", out, ...key)).toMatchObject({ status: 0 });
    expect(await refused("2.0.1", (whole) => whole)).toBe("UPGRADE_NOT_SIGNED");
  });

  test("an older version is refused unless it is allowed", async () => {
    expect(await refused("1.1.0", (whole) => whole)).toBe("UPGRADE_OLDER");
    const { status } = await box.run("install", box.path("pcg-1.2.1.bundle"), "--allow-downgrade");
    expect([status, box.version()]).toEqual([0, "1.2.1"]);
  });

  test("a disk that is full before, or fills while a bundle comes, leaves everything as it was", async () => {
    const bundle = readFileSync(await box.bundle({ version: "1.3.0", bulk: 20 * 2 ** 20 }));
    const fill = () => box.inside(`fallocate -l $(df --output=avail -B1 ${box.store} | tail -1) ${box.store}/filler`);
    fill();
    expect(await refused("1.3.0", (whole) => whole)).toBe("UPGRADE_NO_SPACE");
    box.inside(`rm ${box.store}/filler`);
    const before = box.contents();
    const install = box.spawn("install", "-");
    const ended = endOf(install);
    install.stdin?.on("error", () => undefined);
    install.stdin?.write(bundle.subarray(0, 2 ** 20));
    await new Promise<void>((resolve) => install.stderr?.once("data", () => setTimeout(resolve, 1_000)));
    fill();
    install.stdin?.end(bundle.subarray(2 ** 20));
    expect((await ended).said).toContain("UPGRADE_DISK");
    box.inside(`rm ${box.store}/filler`);
    expect(box.contents()).toBe(before);
  });

  test("install killed at any moment leaves a disk that boots what ran, and the next one succeeds", {
    timeout: 300_000,
  }, async () => {
    for (const delay of [300, 900, 1_700, 2_600]) {
      const install = box.spawn("install", box.path("pcg-2.0.0.bundle"), "--no-reboot");
      // Before the wait: on a quick machine it may be over by then.
      const ended = endOf(install).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, delay));
      install.kill("SIGKILL");
      await ended;
      const { current, next, try: once, slots } = await box.status();
      expect(slots).toContainEqual(expect.objectContaining({ slot: next, complete: true }));
      expect(box.damaged(next === "a" ? "a" : "b")).toEqual([]);
      expect(next).toBe(once ?? current);
    }
    const { status } = await box.run("install", box.path("pcg-2.0.0.bundle"), "--no-reboot");
    expect(status).toBe(0);
  });

  test("another base is tried at one boot; taken back before, it is not", async () => {
    const before = await box.status();
    expect(before).toMatchObject({ last: { version: "2.0.0", state: "trying" } });
    expect(box.grubVariables()).toContain(`try=${before["next"]}`);
    expect(await box.run("rollback")).toMatchObject({ status: 0 });
    expect(await box.status()).toMatchObject({ current: before["current"], next: before["current"], try: null });
    expect(await box.run("install", box.path("pcg-2.0.0.bundle"))).toMatchObject({ status: 0 });
    expect(box.told()).toEqual(["reboot"]);
  });

  test("a trial that came back is told, and one that is healthy stays", async () => {
    const { current, next } = await box.status();
    box.inside(`grub-editenv ${box.grubenv} set try=`);
    expect(await box.run("confirm")).toMatchObject({ status: 0 });
    expect(await box.status()).toMatchObject({ current, next: current, last: { state: "returned" } });
    await box.run("install", box.path("pcg-2.0.0.bundle"));
    box.inside(`grub-editenv ${box.grubenv} set try=
      umount ${box.product}
      mount -t squashfs -o loop,ro ${box.store}/slots/${next}/product.squashfs ${box.product}`);
    expect(await box.status()).toMatchObject({ current: next, onTrial: true, next: current });
    expect(await box.run("confirm")).toMatchObject({ status: 0 });
    expect(await box.status()).toMatchObject({ current: next, onTrial: false, next, last: { state: "good" } });
  });

  test("a version that ails after its boot reboots into the one before", async () => {
    const { current } = await box.status();
    const bundle = await box.bundle({ version: "3.0.0", base: "third", healthy: false });
    await box.run("install", bundle);
    const slot = current === "a" ? "b" : "a";
    box.inside(`grub-editenv ${box.grubenv} set try=
      umount ${box.product}
      mount -t squashfs -o loop,ro ${box.store}/slots/${slot}/product.squashfs ${box.product}`);
    box.told();
    expect(await box.run("confirm", "--limit", "3")).toMatchObject({ status: 0 });
    expect(box.told()).toEqual(["reboot"]);
    const last = { state: "returned", why: expect.stringContaining("self-test") };
    expect(await box.status()).toMatchObject({ next: current, last });
  });

  test("a bundle comes from a web server as from a file, and while it comes there is no second install", async () => {
    box.inside(`umount ${box.product}
      mount -t squashfs -o loop,ro ${box.store}/slots/$(grub-editenv ${box.grubenv} list | sed -n s/good=//p)/product.squashfs ${box.product}`);
    const bytes = readFileSync(await box.bundle({ version: "2.0.2", base: "changed" }));
    const server = createServer((_, answer) => {
      answer.write(bytes.subarray(0, 3_000));
      setTimeout(() => answer.end(bytes.subarray(3_000)), 2_500);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const first = box.run("install", `http://127.0.0.1:${(server.address() as AddressInfo).port}/pcg.bundle`);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await box.run("install", box.path("pcg-2.0.2.bundle"))).said).toContain("UPGRADE_NOT_NOW");
    expect(await first).toMatchObject({ status: 0 });
    expect(box.version()).toBe("2.0.2");
    server.close();
  });
});
