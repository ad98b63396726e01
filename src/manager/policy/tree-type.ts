import { PcgError } from "../../base/error.ts";
import { type KindName, kinds } from "./kinds.ts";
import { resourceTypeOf } from "./stored.ts";

/** What there always is, and has no document: it only contains others. */
const containers = ["Domain", "PolicyNat"] as const;
export type ContainerName = (typeof containers)[number];

/** What a tree can be read for. */
export type TreeType = KindName | ContainerName;

/** Undefined: the path is not that of a container. */
export function containerNameOf(path: string): ContainerName | undefined {
  if (path === "/infra/domains/default") return "Domain";
  return path.endsWith("/nat/USER") ? "PolicyNat" : undefined;
}

const names = Object.keys(kinds) as KindName[];

/** What a word of a filter stands for: a kind, or all kinds that are resources of this type. */
const typesBy: ReadonlyMap<string, readonly TreeType[]> = new Map<string, readonly TreeType[]>([
  ...containers.map((name) => [name, [name]] as const),
  ...names.map((name) => [name, [name]] as const),
  ...Map.groupBy(names, resourceTypeOf),
]);

const PREFIX = "Type-";

/** For people: what may stand in a filter. */
export const FILTER = `${PREFIX}A|B, where A and B are of ${[...typesBy.keys()].join(", ")}`;

/**
 * The types that a filter such as `Type-Segment|SegmentPort` names.
 *
 * @throws MANAGER_BAD_REQUEST
 */
export function typesIn(filter: string): ReadonlySet<TreeType> {
  if (!filter.startsWith(PREFIX)) throw refusal(filter, `must begin with ${PREFIX}`);
  const words = filter.slice(PREFIX.length).split("|");
  return new Set(
    words.flatMap((word) => {
      const types = typesBy.get(word);
      if (!types) throw refusal(word, "is no type of object");
      return types;
    }),
  );
}

const refusal = (value: string, why: string) =>
  new PcgError("MANAGER_BAD_REQUEST", { field: "filter", value, why: `${why}: give ${FILTER}` });
