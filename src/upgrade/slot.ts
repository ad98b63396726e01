/** The box has two of everything that a version is made of. */
export type Slot = "a" | "b";

export const SLOTS = ["a", "b"] as const satisfies readonly Slot[];

export const isSlot = (text: unknown): text is Slot => text === "a" || text === "b";

export const otherThan = (slot: Slot): Slot => (slot === "a" ? "b" : "a");

/** What lies in a slot beside its manifest, in the order of a bundle. */
export const SLOT_FILES = ["vmlinuz", "initrd.img", "root.squashfs", "product.squashfs"] as const;

export type SlotFile = (typeof SLOT_FILES)[number];
