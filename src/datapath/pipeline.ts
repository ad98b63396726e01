import type { DesiredState } from "../model/desired.ts";
import type { KernelObject } from "../model/kernel-object.ts";
import type { Unit } from "../model/unit.ts";
import { downlink } from "./downlink/stage.ts";
import { firewall } from "./firewall/stage.ts";
import { nat } from "./nat/stage.ts";
import { overlay } from "./overlay/stage.ts";
import { route } from "./route/stage.ts";
import type { Stage } from "./stage.ts";
import { uplink } from "./uplink/stage.ts";

/** A packet's way from the Internet to a VM. Order here is order on the box; the way back is the list reversed. */
export const pipeline: readonly Stage[] = [uplink, nat, route, firewall, overlay, downlink];

/** Everything that must be in the kernel for this wish on this unit. */
export const kernelObjects = (want: DesiredState, unit: Unit): readonly KernelObject[] =>
  pipeline.flatMap((stage) => stage.objects(want, unit));
