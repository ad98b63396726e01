import { fact } from "../facts.ts";
import { conditionsOf } from "../membership/conditions.ts";
import type { TreeRecipe } from "../tree.ts";

/** What it looks for. Whether it travels, and who is in it, follows from that and the facts of others. */
export const group: TreeRecipe<"Group"> = (object, look) => [
  fact("conditions", [object.id], conditionsOf(object, look)),
];
