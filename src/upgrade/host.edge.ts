import { mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf, PcgError } from "../base/error.ts";
import type { Host } from "./host.ts";
import { deviceMountedAt, slotOfFile } from "./mounted-product.ts";
import { type Ran, run } from "./run.edge.ts";
import type { Slot } from "./slot.ts";
import { exchangeMount } from "./system-calls.edge.ts";

export interface Places {
  /** Where the disk with the slots is mounted. */
  readonly store: string;
  /** Where the product is mounted. */
  readonly product: string;
  /** For what is needed until the next boot. */
  readonly run: string;
}

/** In the order they need each other. */
const DAEMONS = ["pcg-load.service", "pcg-kernel.service", "pcgd.service"] as const;
/** It watches over the others, and starts them if need be. */
const BOOT = "pcg-boot.service";
const TARGET = "pcg.target";

const RESTART_LIMIT_MS = 120_000;
const LOOK_LIMIT_MS = 30_000;

/** The box itself: squashfs, loop devices, systemd. */
export class Box implements Host {
  readonly #places: Places;
  /** The daemons were meant to run when this began. */
  #serves = false;

  constructor(places: Places) {
    this.#places = places;
  }

  async current(): Promise<Slot> {
    const { product } = this.#places;
    try {
      const device = deviceMountedAt(readFileSync("/proc/self/mountinfo", "utf8"), product);
      const backing = device && readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, "utf8");
      const slot = backing && slotOfFile(backing);
      if (slot) return slot;
    } catch (error) {
      throw new PcgError("UPGRADE_NOT_NOW", { product, why: messageOf(error) }, error);
    }
    throw new PcgError("UPGRADE_NOT_NOW", { product, why: "is not mounted from a slot: is this the appliance?" });
  }

  async activate(slot: Slot): Promise<void> {
    const { store, product } = this.#places;
    const at = join(this.#places.run, "next");
    mkdirSync(at, { recursive: true });
    const file = join(store, "slots", slot, "product.squashfs");
    await this.#must("mount", "-t", "squashfs", "-o", "loop,ro,nodev,nosuid", file, at);
    exchangeMount(at, product);
    await this.#restart();
  }

  /** Where there is no configuration yet no daemon runs, and none is started. */
  async #restart(): Promise<void> {
    this.#serves ||= (await systemctl("is-active", "--quiet", TARGET)).status === 0;
    if (this.#serves) {
      await systemctl("reset-failed", ...DAEMONS);
      await this.#must("systemctl", "restart", ...DAEMONS);
    }
    await this.#must("systemctl", "try-restart", "--no-block", BOOT);
  }

  async complaint(): Promise<string | undefined> {
    if (this.#serves) {
      const active = await systemctl("is-active", ...DAEMONS.slice(1));
      if (active.status !== 0) return `of ${DAEMONS.slice(1).join(" and ")}: ${active.out.replaceAll("\n", ", ")}`;
    }
    const look = await run([join(this.#places.product, "bin/pcg-boot"), "selftest", "--json"], {
      limitMs: LOOK_LIMIT_MS,
    });
    return look.status === 0 ? undefined : `self-test: ${said(look)}`;
  }

  async reboot(): Promise<void> {
    await this.#must("systemctl", "reboot");
  }

  async #must(...argv: [string, ...string[]]): Promise<void> {
    const ran = await run(argv, { limitMs: RESTART_LIMIT_MS });
    if (ran.status !== 0) throw new PcgError("UPGRADE_FAILED", { command: argv.join(" "), why: said(ran) });
  }
}

const systemctl = (...args: readonly string[]) => run(["systemctl", ...args], { limitMs: RESTART_LIMIT_MS });

const MOST_SAID = 1_000;
const said = ({ status, out, err }: Ran) =>
  `${[out, err]
    .filter((text) => text !== "")
    .join(" ")
    .slice(0, MOST_SAID)} (status ${status})`.trim();
