import Type from "typebox";
import { Compile } from "typebox/compile";
import { type Flaw, schemaFlaws } from "./flaw.ts";
import { address, closed, id, mac } from "./text.ts";

/** Characters of a reason, and of a name that is a kind and a key. */
export const MOST_WHY = 200;
const MOST_NAME = 300;

/** Kernel objects that a gateway names as failing, at most. */
export const MOST_FAILING = 20;

const name = (description: string) => Type.String({ minLength: 1, maxLength: MOST_NAME, description });
const why = Type.String({ maxLength: MOST_WHY });
const when = (description: string) => Type.String({ format: "date-time", maxLength: 40, description });
const position = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

/** What a gateway reports to its controllers, in pieces that change on their own. One row a kind. */
export const reportBodies = {
  problem: closed(
    {
      id: name("The runtime resource, such as port/vm-1."),
      version: position("Of which version."),
      why,
    },
    "A resource that is not in effect as it was told: as it was before is, or nothing.",
  ),
  agent: closed({
    id: id("By its certificate. It is connected."),
    current: Type.Boolean({ description: "Whether it holds all that concerns it." }),
    refused: Type.Integer({ minimum: 0, description: "Resources that it will not take." }),
  }),
  lease: closed({
    segment: id("Whose server gave it."),
    ip: address("What was given."),
    mac: mac("To whom."),
    hostname: Type.Optional(Type.String({ maxLength: 255, description: "What the client calls itself." })),
    until: Type.Union([Type.Null(), when("Milliseconds are zero.")], {
      description: "When it ends unless it is renewed, up to the next full hour; null: never.",
    }),
  }),
  gateway: closed({
    unit: Type.String({ maxLength: 63, description: "Which one of its pair it is." }),
    version: Type.String({ maxLength: 63, description: "Of its software." }),
    startedAt: when("Since when it runs."),
    wished: Type.Union([Type.Null(), position("Of the source of state.")], {
      description: "Up to where what it was told makes its wish; null: it was not told anything yet.",
    }),
    realized: Type.Union([Type.Null(), position("Of the source of state.")], {
      description:
        "Everything told up to there was seen in the kernel as wished, but for what there are problems with; null: nothing yet.",
    }),
    lastError: Type.Union([Type.Null(), Type.String({ maxLength: 500 })], {
      description: "Why not all that is wished is in the kernel, if so.",
    }),
    failing: closed({
      total: Type.Integer({ minimum: 0, description: "Kernel objects that could not be made as wished." }),
      objects: Type.Array(closed({ key: name("Kind and name of the kernel object."), why }), {
        maxItems: MOST_FAILING,
        description: "Some of them.",
      }),
    }),
    unreported: Type.Integer({ minimum: 0, description: "Problems, agents and leases that are too many to report." }),
  }),
} as const;

type Bodies = typeof reportBodies;
export type ReportType = keyof Bodies;
/** What a resource of a kind says. */
export type ReportBody<T extends ReportType> = Type.Static<Bodies[T]>;

/** A piece of a report. */
export type ReportPiece = { [T in ReportType]: { readonly type: T; readonly body: ReportBody<T> } }[ReportType];

/** What tells a piece of a report from others of its kind. There is one of `gateway`. */
export function reportKey({ type, body }: ReportPiece): string {
  switch (type) {
    case "problem":
    case "agent":
      return body.id;
    case "lease":
      return `${body.segment}/${body.ip}`;
    case "gateway":
      return "self";
  }
}

const compiled = new Map(Object.entries(reportBodies).map(([type, schema]) => [type, Compile(schema as Type.TSchema)]));

/** What is wrong with a piece of a report by itself. */
export function reportFlaws({ type, key, body }: { type: string; key: string; body: unknown }): Flaw[] {
  const schema = compiled.get(type);
  if (!schema) return [{ field: "type", value: type, why: "is no kind of report" }];
  if (!schema.Check(body)) return schemaFlaws(schema, body);
  const right = reportKey({ type, body } as ReportPiece);
  return key === right ? [] : [{ field: "key", value: key, why: `must be ${right}` }];
}
