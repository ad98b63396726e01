import type { FromSource } from "./protocol.ts";
import { type Resource, textOf } from "./resource.ts";

/** As it goes over the wire. Of resources the text is made once, however many receivers get them. */
export function textOfMessage(message: FromSource): string {
  if (message.kind === "snapshotPart")
    return `{"kind":"snapshotPart","resources":${list(message.resources as readonly Resource[])}}`;
  if (message.kind !== "delta") return JSON.stringify(message);
  const { kind, from, to, upserts, deletes } = message;
  const head = JSON.stringify({ kind, from, to, deletes });
  return `${head.slice(0, -1)},"upserts":${list(upserts as readonly Resource[])}}`;
}

const list = (resources: readonly Resource[]) => `[${resources.map(textOf).join(",")}]`;
