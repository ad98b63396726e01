import type { KernelObject } from "./kernel-object.ts";

/** One change to the kernel. */
export type Step =
  | { readonly do: "add"; readonly object: KernelObject }
  | { readonly do: "change"; readonly from: KernelObject; readonly to: KernelObject }
  | { readonly do: "remove"; readonly object: KernelObject };

/** What the step is about: the object as it will be, or as it was when it goes. */
export const subjectOf = (step: Step): KernelObject => (step.do === "change" ? step.to : step.object);
