import { unreachable } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";
import { PcgError } from "../base/error.ts";
import { takeFiles, takePreamble } from "./bundle.ts";
import type { ByteSource } from "./byte-source.ts";
import { type Disk, onTrial } from "./disk.ts";
import { complaintAtLimit } from "./health.ts";
import type { Host } from "./host.ts";
import { afterBoot, type Outcome } from "./outcome.ts";
import { type Action, type Event, next } from "./plan.ts";
import type { TrustedKey } from "./signature.ts";
import { otherThan } from "./slot.ts";
import type { SlotStore } from "./store.ts";
import { compareVersions } from "./version.ts";

export interface Parts {
  readonly store: SlotStore;
  readonly host: Host;
  readonly clock: Clock;
  /** For the operator, as it goes. */
  readonly say: (line: string) => void;
}

export interface InstallOptions {
  readonly trusted: readonly TrustedKey[];
  readonly allowDowngrade: boolean;
  readonly reboot: boolean;
  /** How long a new product may take to be healthy. */
  readonly limitMs: number;
}

/** How it came out: with the new version, the old one, or not before the machine has booted. */
export type Result = "good" | "returned" | "rebooting" | "unchanged";

/** Takes the steps that {@link next} says, and tells it what came of them. */
export class Upgrader {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async disk(): Promise<Disk> {
    const { store, host } = this.#parts;
    return { slots: await store.slots(), environment: await store.environment(), current: await host.current() };
  }

  /** @throws UPGRADE_*; what runs and what would be booted is then as before */
  async install(source: ByteSource, { trusted, allowDowngrade, ...options }: InstallOptions): Promise<Result> {
    const { store, say } = this.#parts;
    const { manifest, bytes, signer } = await takePreamble(source, trusted);
    const disk = await this.disk();
    const running = disk.slots[disk.current]?.version;
    say(
      `version ${manifest.version} of ${manifest.builtAt}, signed with ${signer}; ${running ?? "nothing known"} runs`,
    );
    if (running !== undefined && compareVersions(manifest.version, running) < 0 && !allowDowngrade)
      throw new PcgError("UPGRADE_OLDER", { version: manifest.version, running, hint: "--allow-downgrade" });
    const tight = (await store.fits(manifest, disk.current)) === "instead";
    await this.#carryOut(next(disk, { type: "begin", tight }), options);
    try {
      await takeFiles(source, manifest, async (name, content) => {
        const how = await store.receive(name, content, { manifest, current: disk.current });
        say(`${name}: ${manifest.files[name].bytes} bytes, ${how === "linked" ? "as it is already" : "new"}`);
      });
      await store.seal(bytes);
    } catch (error) {
      await store.emptyIncoming().catch(() => undefined);
      throw error;
    }
    const to = otherThan(disk.current);
    const outcome = { asked: "install", version: manifest.version, from: running ?? "unknown", slot: to } as const;
    return await this.#go(outcome, { type: "received", manifest }, options);
  }

  async rollback(options: { readonly reboot: boolean; readonly limitMs: number }): Promise<Result> {
    const { store } = this.#parts;
    const disk = await this.disk();
    const to = otherThan(disk.current);
    if (disk.environment.try) {
      await this.#carryOut(next(disk, { type: "rollback" }), options);
      await this.#judged("returned", "the operator took it back before it was booted");
      return "unchanged";
    }
    if (onTrial(disk)) return await this.#goBack("the operator took it back", options);
    const version = disk.slots[to]?.version ?? "unknown";
    const from = (await store.slots())[disk.current]?.version ?? "unknown";
    return await this.#go({ asked: "rollback", version, from, slot: to }, { type: "rollback" }, options);
  }

  /** At every boot, and after an install that was broken off: a version on trial stays or goes. */
  async confirm({ limitMs }: { readonly limitMs: number }): Promise<Result> {
    const { store } = this.#parts;
    const disk = await this.disk();
    const came = disk.environment.try ? undefined : afterBoot(await store.outcome(), disk.current);
    if (came) await this.#judged(came.state, came.why);
    if (onTrial(disk)) return await this.#tried({ reboot: true, limitMs });
    if (disk.environment.good === disk.current) return "unchanged";
    await this.#carryOut(next(disk, { type: "healthy" }), { reboot: false });
    return "good";
  }

  /** Sets out for another slot; what is set out for is written down first. */
  async #go(
    outcome: Omit<Outcome, "state" | "at">,
    event: Event,
    options: { readonly reboot: boolean; readonly limitMs: number },
  ): Promise<Result> {
    const actions = next(await this.disk(), event);
    await this.#remember({ ...outcome, state: "trying", at: this.#at() });
    try {
      await this.#carryOut(actions, options);
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      return await this.#goBack(error.message, options);
    }
    const live = actions.some((action) => action.do === "activate");
    return live ? await this.#tried(options) : "rebooting";
  }

  async #tried(options: { readonly reboot: boolean; readonly limitMs: number }): Promise<Result> {
    const { host, clock, say } = this.#parts;
    say(`waiting until it is healthy, ${options.limitMs / 1_000} seconds at most`);
    const complaint = await complaintAtLimit({ clock, look: () => host.complaint(), limitMs: options.limitMs });
    if (complaint !== undefined) return await this.#goBack(complaint, options);
    await this.#carryOut(next(await this.disk(), { type: "healthy" }), options);
    await this.#judged("good");
    return "good";
  }

  /** To the slot that is known to work, saying why first: after a reboot nobody knows any more. */
  async #goBack(why: string, options: { readonly reboot: boolean }): Promise<Result> {
    const actions = next(await this.disk(), { type: "unhealthy" });
    this.#parts.say(`going back: ${why}`);
    await this.#judged("returned", why);
    await this.#carryOut(actions, options);
    return actions.some((action) => action.do === "reboot") ? "rebooting" : "returned";
  }

  async #judged(state: Outcome["state"], why?: string): Promise<void> {
    const { store } = this.#parts;
    const { why: _, ...last } = (await store.outcome()) ?? {};
    if (!("asked" in last)) return;
    await this.#remember({ ...last, state, at: this.#at(), ...(why === undefined ? {} : { why }) });
  }

  /** It is only told: a full disk must not keep a box from going back. */
  async #remember(outcome: Outcome): Promise<void> {
    try {
      await this.#parts.store.remember(outcome);
    } catch (error) {
      if (!(error instanceof PcgError)) throw error;
      this.#parts.say(`how it came out cannot be kept: ${error.message}`);
    }
  }

  #at = () => new Date(this.#parts.clock.wall()).toISOString();

  async #carryOut(actions: readonly Action[], options: { readonly reboot: boolean }): Promise<void> {
    for (const action of actions) if (action.do !== "reboot" || options.reboot) await this.#take(action);
  }

  async #take(action: Action): Promise<void> {
    const { store, host, say } = this.#parts;
    switch (action.do) {
      case "tell-grub":
        return await store.tellGrub(action.environment);
      case "empty-incoming":
        return await store.emptyIncoming();
      case "remove":
        return await store.remove(action.slot);
      case "place":
        return await store.place(action.slot);
      case "settle":
        return await store.settle();
      case "activate":
        say(`the product of slot ${action.slot} takes over; forwarding goes on`);
        return await host.activate(action.slot);
      case "reboot":
        say("rebooting");
        return await host.reboot();
      default:
        return unreachable(action);
    }
  }
}
