/** Whether gateways are told by the manager, or by a file. */
export type Wishing = "manager" | "file";

/** In what one laboratory may differ from the next. */
export interface Setup {
  readonly wishing: Wishing;
  /** Given: each gateway unit is a virtual machine with this disk image. Left out: its processes, in a namespace. */
  readonly image?: string;
}
