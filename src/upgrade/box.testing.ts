import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import { bundleBytes, contentsOf, manifestOf, sourceOf, trusted } from "./bundle.testing.ts";
import { type Chance, FragileDisk, PowerCut } from "./disk.testing.ts";
import { grubChoice } from "./disk.ts";
import { environmentBlock, environmentOf, readEnvironmentBlock, withEnvironment } from "./grubenv.ts";
import { manifestBytes, readManifest } from "./manifest.ts";
import { SLOT_FILES, type Slot } from "./slot.ts";
import { SlotStore } from "./store.ts";
import { Upgrader } from "./upgrader.ts";

/** What a version turns out to be, once it runs. */
export const NATURES = ["sound", "hangs", "ails", "fails"] as const;
export type Nature = (typeof NATURES)[number];

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

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

/** A machine with such a disk: GRUB, the initramfs and the boot services as their scripts are. */
export class Box {
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
    must(before === "sound" || this.nature === "sound", "a version that does not work is left after one boot");
    if (this.nature === "hangs" || this.nature === "fails") return await this.boot();
    await this.act((upgrader) => upgrader.confirm({ limitMs: 60_000 }), this.#chance(3) === 0 ? this.#chance(20) : 1e9);
  }

  /** GRUB as its script is, then the initramfs. */
  async #start(): Promise<void> {
    this.#down = false;
    this.disk.crash();
    const variables = readEnvironmentBlock((await this.disk.read(GRUBENV)) ?? new Uint8Array());
    const environment = environmentOf(variables);
    const seen = { a: this.disk.grubSees("slots/a"), b: this.disk.grubSees("slots/b") };
    this.disk.put(GRUBENV, environmentBlock(withEnvironment(variables, { ...environment, try: undefined })));
    const names = ["manifest.json", ...SLOT_FILES];
    const slot = grubChoice((one) => names.every((name) => seen[one].has(name)), environment);
    if (!slot) throw new Error("nothing can be booted");
    const manifest = readManifest(seen[slot].get("manifest.json") ?? new Uint8Array());
    const version = Buffer.from(seen[slot].get("product.squashfs") ?? []).toString();
    const contents = SLOT_FILES.map((name) => [name, Buffer.from(seen[slot].get(name) ?? []).toString()]);
    const whole = manifestOf(version, Object.fromEntries(contents));
    must(isDeepStrictEqual(whole, manifest), "what is booted is whole");
    this.disk.mount();
    must(isDeepStrictEqual((await this.#store.slots())[slot], manifest), "Linux finds what GRUB found");
    [this.current, this.version] = [slot, version];
  }

  async mustHoldGoodWhatWorks(): Promise<void> {
    const { good } = await this.#store.environment();
    const version = good && (await this.#store.slots())[good]?.version;
    must(version !== undefined && this.#natures.get(version) === "sound", "what GRUB holds to be good works");
  }
}

export function chanceOf(seed: number): Chance {
  let state = seed | 1;
  return (possibilities) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % possibilities;
  };
}
