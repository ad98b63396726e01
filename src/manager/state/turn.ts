import type { Position } from "../../lcp/position.ts";
import type { Resource, ResourceId } from "../../lcp/resource.ts";

/** What has changed for those who read a book. */
export interface Turn {
  readonly at: Position;
  readonly keys: ReadonlySet<string>;
  readonly runtime: readonly {
    readonly tier0: string;
    readonly upserts: readonly Resource[];
    readonly deletes: readonly ResourceId[];
  }[];
}
