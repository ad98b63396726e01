/** A command: what to run, what it reads, and in which network namespace. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

/** A process that stays. */
export interface Daemon extends Command {
  readonly name: string;
  readonly node: string;
  readonly log: string;
  /** Given: it goes to the background by itself, once it is ready, and leaves its process id here. */
  readonly pidFile?: string;
  /** Given: it is ready when this unix socket takes a connection. */
  readonly socket?: string;
  /** Given: it is ready when this answers, asked where it runs. */
  readonly url?: string;
  /** Given: it is ready when this stands in its log. */
  readonly says?: string;
}

/** One thing done to the machine. Everything the laboratory does to it is one of these. */
export type Step =
  | { readonly kind: "namespace"; readonly name: string }
  | { readonly kind: "directory"; readonly path: string; readonly owner?: string; readonly mode?: string }
  | { readonly kind: "file"; readonly path: string; readonly text: string; readonly owner?: string }
  | { readonly kind: "bpffs"; readonly path: string; readonly owner: string }
  /** Only changes what an earlier step made, and goes with it. */
  | ({ readonly kind: "run" } & Command)
  | ({ readonly kind: "daemon" } & Daemon);

/** How a step is undone. Each can be done to what is already gone. */
export type Undo =
  | { readonly kind: "delete-namespace"; readonly name: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "unmount"; readonly path: string }
  | { readonly kind: "stop"; readonly daemon: string };

export function undoOf(step: Step): Undo | undefined {
  switch (step.kind) {
    case "namespace":
      return { kind: "delete-namespace", name: step.name };
    case "directory":
    case "file":
      return { kind: "remove", path: step.path };
    case "bpffs":
      return { kind: "unmount", path: step.path };
    case "daemon":
      return { kind: "stop", daemon: step.name };
    case "run":
      return undefined;
  }
}

export const run = (namespace: string | undefined, ...argv: [string, ...string[]]): Step => ({
  kind: "run",
  argv,
  ...(namespace && { namespace }),
});

/** Many lines for one `ip -batch`, executed inside the namespace so that no name can meet one outside. */
export const ipBatch = (namespace: string, lines: readonly string[]): Step => ({
  kind: "run",
  argv: ["ip", "-n", namespace, "-batch", "-"],
  stdin: lines.map((line) => `${line}\n`).join(""),
});

export const sysctls = (namespace: string, settings: readonly string[]): Step =>
  run(namespace, "sysctl", "-q", "-w", ...settings);
