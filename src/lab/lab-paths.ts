import { PcgError } from "../base/error.ts";

/** Where one laboratory keeps its files and how its namespaces are called. */
export interface LabPaths {
  readonly name: string;
  readonly root: string;
  /** What to undo, oldest first, one JSON value a line. */
  readonly journal: string;
  /** How it is set up. */
  readonly setup: string;
  readonly processes: string;
  readonly desired: string;
  readonly proofs: string;
  /** What the metadata service tells instances; read again when it changes. */
  readonly metadata: string;
  namespace(node: string): string;
  /** A node's own directory. */
  node(node: string): string;
  log(daemon: string): string;
}

/** @throws LAB_FAILED unless `name` can stand in the name of a namespace and never be the start of another's */
export function labPaths(name: string): LabPaths {
  if (!/^[a-z][a-z0-9]{0,11}$/.test(name))
    throw new PcgError("LAB_FAILED", { name, expected: "1 to 12 lower-case letters and digits, a letter first" });
  const root = `/run/pcg-${name}`;
  return {
    name,
    root,
    journal: `${root}/undo.jsonl`,
    setup: `${root}/setup.json`,
    processes: `${root}/processes`,
    desired: `${root}/desired.yaml`,
    proofs: `${root}/proofs.json`,
    metadata: `${root}/metadata.json`,
    namespace: (node) => `${name}-${node}`,
    node: (node) => `${root}/${node}`,
    log: (daemon) => `${root}/${daemon}.log`,
  };
}

export const netnsFile = (namespace: string): string => `/run/netns/${namespace}`;
