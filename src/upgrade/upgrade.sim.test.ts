import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import { bundleBytes, contentsOf, manifestOf, sourceOf, trusted } from "./bundle.testing.ts";
import { type Chance, FragileDisk, PowerCut } from "./disk.testing.ts";
import { grubChoice } from "./disk.ts";
import { environmentBlock, environmentOf, readEnvironmentBlock, withEnvironment } from "./grubenv.ts";
import { manifestBytes, readManifest } from "./manifest.ts";
import { SLOT_FILES, SLOTS, type Slot } from "./slot.ts";
import { SlotStore } from "./store.ts";
import { Upgrader } from "./upgrader.ts";

/** What a version turns out to be, once it runs. */
const NATURES = ["sound", "hangs", "ails", "fails"] as const;
type Nature = (typeof NATURES)[number];

const GRUBENV = "boot/grub/grubenv";

/** Time passes as soon as one waits. */
function hurriedClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    wall: () => now,
    after: (ms, fn) => {
      now += ms;
      queueMicrotask(fn);
      return () => undefined;
    },
  };
}

/** A machine with such a disk: GRUB, the initramfs and the boot services as their scripts are. */
class Box {
  readonly disk: FragileDisk;
  readonly #natures = new Map<string, Nature>([["1.0.0", "sound"]]);
  readonly #store: SlotStore;
  readonly #chance: Chance;
  current: Slot = "a";
  version = "1.0.0";
  #down = false;

  constructor(chance: Chance) {
    this.#chance = chance;
    this.disk = new FragileDisk(chance);
    this.#store = new SlotStore(this.disk);
    this.disk.put(GRUBENV, environmentBlock(new Map([["good", "a"]])));
    const contents = contentsOf("base 0", "1.0.0");
    for (const name of SLOT_FILES) this.disk.put(`slots/a/${name}`, Buffer.from(contents[name]));
    this.disk.put("slots/a/manifest.json", manifestBytes(manifestOf("1.0.0", contents)));
  }

  get nature(): Nature {
    return this.#natures.get(this.version) ?? "hangs";
  }

  readonly #upgrader = () =>
    new Upgrader({
      store: this.#store,
      host: {
        current: async () => this.current,
        activate: async (slot) => {
          this.current = slot;
          this.version = Buffer.from((await this.disk.read(`slots/${slot}/product.squashfs`)) ?? []).toString();
          if (this.nature === "fails") throw new PcgError("UPGRADE_FAILED");
        },
        complaint: async () => (this.nature === "sound" ? undefined : "it ails"),
        reboot: async () => {
          this.#down = true;
        },
      },
      clock: hurriedClock(),
      say: () => undefined,
    });

  /** Does it, with the power cut after so many writes; comes up again if it went down. */
  async act(what: (upgrader: Upgrader) => Promise<unknown>, cut: number): Promise<void> {
    this.disk.cutAfter(cut);
    try {
      await what(this.#upgrader());
    } catch (error) {
      if (error instanceof PowerCut) this.#down = true;
      else if (!(error instanceof PcgError)) throw error;
    }
    if (this.#down) await this.boot();
    else this.disk.cutAfter(Number.POSITIVE_INFINITY);
  }

  install(version: string, base: string, nature: Nature, reboot: boolean) {
    this.#natures.set(version, nature);
    return async (upgrader: Upgrader) => {
      const bundle = await bundleBytes(version, contentsOf(base, version));
      const options = { trusted, allowDowngrade: false, reboot, limitMs: 60_000 };
      await upgrader.install(sourceOf(bundle, 1_000), options);
    };
  }

  async boot(): Promise<void> {
    const before = this.nature;
    await this.#start();
    if (before !== "sound") expect(this.nature, "a version that does not work is left after one boot").toBe("sound");
    if (this.nature === "hangs" || this.nature === "fails") return await this.boot();
    await this.act((upgrader) => upgrader.confirm({ limitMs: 60_000 }), this.#chance(3) === 0 ? this.#chance(20) : 1e9);
  }

  /** GRUB as its script is, then the initramfs. */
  async #start(): Promise<void> {
    this.#down = false;
    this.disk.crash();
    const variables = readEnvironmentBlock((await this.disk.read(GRUBENV)) ?? new Uint8Array());
    const environment = environmentOf(variables);
    this.disk.put(GRUBENV, environmentBlock(withEnvironment(variables, { ...environment, try: undefined })));
    const seen = { a: this.disk.grubSees("slots/a"), b: this.disk.grubSees("slots/b") };
    const names = ["manifest.json", ...SLOT_FILES];
    const slot = grubChoice((one) => names.every((name) => seen[one].has(name)), environment);
    expect(slot, "something can be booted").toBeDefined();
    if (!slot) return;
    const manifest = readManifest(seen[slot].get("manifest.json") ?? new Uint8Array());
    const version = Buffer.from(seen[slot].get("product.squashfs") ?? []).toString();
    const contents = SLOT_FILES.map((name) => [name, Buffer.from(seen[slot].get(name) ?? []).toString()]);
    expect(manifestOf(version, Object.fromEntries(contents)), "what is booted is whole").toEqual(manifest);
    this.disk.mount();
    expect((await this.#store.slots())[slot], "Linux sees the same").toEqual(manifest);
    [this.current, this.version] = [slot, version];
  }

  async expectGoodIsSound(): Promise<void> {
    const { good } = await this.#store.environment();
    const version = good && (await this.#store.slots())[good]?.version;
    expect(version && this.#natures.get(version), "what GRUB holds to be good").toBe("sound");
  }
}

const aStep = fc.oneof(
  fc.record({
    do: fc.constant("install" as const),
    base: fc.constantFrom("base 0", "base 1"),
    nature: fc.constantFrom(...NATURES),
    reboot: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom("rollback", "confirm", "reset") }),
);
const aHistory = fc.array(fc.tuple(aStep, fc.oneof(fc.constant(1e9), fc.nat({ max: 60 }))), { maxLength: 8 });

function chanceOf(seed: number): Chance {
  let state = seed | 1;
  return (possibilities) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % possibilities;
  };
}

describe("a box that is upgraded", () => {
  test("boots a whole and working version however often its power is cut, and leaves one that does not work", async () => {
    const reached = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(aHistory, fc.integer(), async (history, seed) => {
        const box = new Box(chanceOf(seed));
        for (const [i, [step, cut]] of history.entries()) {
          if (step.do === "reset") await box.boot();
          else if (step.do === "install")
            await box.act(box.install(`1.${i + 1}.0`, step.base, step.nature, step.reboot), cut);
          else if (step.do === "rollback")
            await box.act((upgrader) => upgrader.rollback({ reboot: true, limitMs: 60_000 }), cut);
          else await box.act((upgrader) => upgrader.confirm({ limitMs: 60_000 }), cut);
          await box.expectGoodIsSound();
        }
        await box.boot();
        expect(box.nature).toBe("sound");
        reached.set(box.version, (reached.get(box.version) ?? 0) + 1);
      }),
      { numRuns: 100 },
    );
    expect(reached.size, "versions that boxes ended with").toBeGreaterThan(5);
  });

  test.each(SLOTS)("and left alone, has the new version in the end, from slot %s", async (start) => {
    const box = new Box(chanceOf(1));
    if (start === "b") await box.act(box.install("1.0.1", "base 1", "sound", true), 1e9);
    expect(box.current).toBe(start);
    await box.act(box.install("1.1.0", "base 2", "sound", true), 1e9);
    expect(box.version).toBe("1.1.0");
    await box.act(box.install("1.2.0", "base 2", "sound", true), 1e9);
    expect([box.version, box.current]).toEqual(["1.2.0", start]);
    await box.boot();
    expect(box.version).toBe("1.2.0");
  });
});
