import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../base/error.ts";
import { closed } from "../model/text.ts";
import type { Position } from "./position.ts";
import { type ResourceId, resourceTypes } from "./resource.ts";

/** Of what is sent; a peer that speaks another is told so and not served. */
export const PROTOCOL = 1;

/** Characters of a message, at most: a delta of the usual size and one resource more. */
const MOST_MESSAGE = 512 * 1024;

/** Characters of a reason why something was refused. */
export const MOST_REASON = 200;

/** Refusals that are told of one message, at most: of whatever length, they fit into an answer. */
export const MOST_REFUSED = 100;

const position = (description: string) =>
  Type.Unsafe<Position>(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }));

const resourceId = Type.Unsafe<ResourceId>(
  Type.String({ pattern: `^(${resourceTypes.join("|")})/[^\\u0000-\\u001f]{1,255}$`, description: "type/key" }),
);

const Body = closed({
  type: Type.Enum([...resourceTypes]),
  key: Type.String({ pattern: "^[^\\u0000-\\u001f]{1,255}$" }),
  version: position("Where the source was when the resource last changed."),
  body: Type.Unknown(),
});

const digest = (description: string) => Type.String({ maxLength: 180_000, description });

/** What a source of state says. One row, one message; there is nothing else. */
export const fromSource = {
  current: closed(
    { instance: Type.String(), at: position("Where the source is.") },
    "What the receiver holds is what it should.",
  ),
  snapshotBegin: closed(
    {
      instance: Type.String({ description: "The source's identity." }),
      at: position("Where the source was when the snapshot was taken."),
      buckets: Type.Integer({ minimum: 1, description: "Number of buckets that ids are spread over." }),
      only: Type.Union([Type.Null(), Type.Array(Type.Integer({ minimum: 0 }))], {
        description: "The buckets that are replaced; null: all there is.",
      }),
      count: Type.Integer({ minimum: 0, description: "Resources that follow." }),
    },
    "A snapshot follows. It takes effect as a whole, with its end.",
  ),
  snapshotPart: closed(
    { resources: Type.Array(Body) },
    "Some of its resources. Who takes nothing for a second while others wait is sent the rest after them.",
  ),
  snapshotEnd: closed(
    { digest: digest("Of everything the receiver holds once the snapshot has taken effect.") },
    "It is complete.",
  ),
  delta: closed(
    {
      from: position("Where the receiver is."),
      to: position("Where it is afterwards; the same as `from` while more follows."),
      upserts: Type.Array(Body, { description: "Added or changed; what others refer to first." }),
      deletes: Type.Array(resourceId, { description: "Removed, or no longer the receiver's concern; in reverse." }),
    },
    "What changed. The newest of each resource, whatever it was in between.",
  ),
  retry: closed(
    { afterMs: Type.Integer({ minimum: 0, description: "Milliseconds." }) },
    "Too many are being brought up to date, or it took nothing for too long: come again later.",
  ),
} as const;

/** What a receiver says. */
export const fromReceiver = {
  hello: closed(
    {
      protocol: Type.Integer({ minimum: 1 }),
      instance: Type.Union([Type.Null(), Type.String()], { description: "The source it last heard; null: none yet." }),
      at: position("Where it is."),
      digest: digest("Of everything it holds, in as many buckets as it likes."),
    },
    "Begins a session. While others are brought up to date it may take some seconds until it is answered.",
  ),
  ack: closed(
    {
      at: position("Where it is now, on disk."),
      refused: Type.Array(
        closed({
          id: resourceId,
          version: position("Which it was offered."),
          why: Type.String({ maxLength: MOST_REASON }),
        }),
        { maxItems: MOST_REFUSED, description: "Of what it was just sent, the first: it goes on with what it had." },
      ),
    },
    "What was sent is kept.",
  ),
  digest: closed(
    { digest: digest("Of everything it holds.") },
    "Asks the source to compare, from time to time, though nothing seems to be wrong.",
  ),
} as const;

type MessageOf<Table extends Readonly<Record<string, Type.TSchema>>> = {
  [Kind in keyof Table]: { readonly kind: Kind } & Type.Static<Table[Kind]>;
}[keyof Table];

export type FromSource = MessageOf<typeof fromSource>;
export type FromReceiver = MessageOf<typeof fromReceiver>;

/** Reads what the other end sent. @throws LCP_BAD_MESSAGE naming kind and field */
function reader<Message>(table: Readonly<Record<string, Type.TSchema>>): (text: string) => Message {
  const compiled = new Map(Object.entries(table).map(([kind, schema]) => [kind, Compile(schema)]));
  return (text) => {
    const { kind, ...body } = parsed(text);
    const schema = typeof kind === "string" ? compiled.get(kind) : undefined;
    if (!schema) throw new PcgError("LCP_BAD_MESSAGE", { kind, known: [...compiled.keys()] });
    if (!schema.Check(body)) {
      const flaw = schema.Errors(body)[0];
      throw new PcgError("LCP_BAD_MESSAGE", { kind, field: flaw?.instancePath, why: flaw?.message });
    }
    return { kind, ...body } as Message;
  };
}

function parsed(text: string): Record<string, unknown> {
  if (text.length > MOST_MESSAGE) throw new PcgError("LCP_BAD_MESSAGE", { why: "is too long", length: text.length });
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    throw new PcgError("LCP_BAD_MESSAGE", { why: "is not JSON" }, error);
  }
  throw new PcgError("LCP_BAD_MESSAGE", { why: "is not an object" });
}

export const readFromSource = reader<FromSource>(fromSource);
export const readFromReceiver = reader<FromReceiver>(fromReceiver);
