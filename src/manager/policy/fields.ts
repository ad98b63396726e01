import Type from "typebox";
import { id } from "../../model/text.ts";

/** A label, as AWS tags become them. */
export const Tag = Type.Object(
  {
    scope: Type.Optional(
      Type.String({ maxLength: 128, format: "printable-text", description: "Such as the key of a cloud tag." }),
    ),
    tag: Type.Optional(Type.String({ maxLength: 256, format: "printable-text", description: "Such as its value." })),
  },
  { additionalProperties: false },
);
export type Tag = Type.Static<typeof Tag>;

/** What every object may be given. */
const given = {
  id: Type.Optional(id("The last part of its path.")),
  display_name: Type.Optional(
    Type.String({ maxLength: 255, format: "printable-text", description: "What people call it. Default: its id." }),
  ),
  description: Type.Optional(Type.String({ maxLength: 1024, format: "printable-lines" })),
  tags: Type.Optional(Type.Array(Tag, { maxItems: 30 })),
  _revision: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "Which revision is changed. Another one there: 409. PATCH may leave it out.",
    }),
  ),
};

/** What the manager fills in. It may come back with a change, and is not looked at then. */
const filledIn = {
  path: Type.Optional(Type.String()),
  parent_path: Type.Optional(Type.String()),
  relative_path: Type.Optional(Type.String()),
  marked_for_delete: Type.Optional(Type.Boolean()),
  _create_user: Type.Optional(Type.String()),
  _create_time: Type.Optional(Type.Integer()),
  _last_modified_user: Type.Optional(Type.String()),
  _last_modified_time: Type.Optional(Type.Integer()),
};

const fieldsOfAll = { ...given, ...filledIn };

/** The names of what the manager fills in. */
export const filledInFields: ReadonlySet<string> = new Set(Object.keys(filledIn));

/** An object of the policy tree, with exactly these fields beside those of all. */
export const object = <Name extends string, P extends Type.TProperties>(resourceType: Name, properties: P) =>
  Type.Object(
    { resource_type: Type.Optional(Type.Literal(resourceType)), ...properties, ...fieldsOfAll },
    { additionalProperties: false },
  );

/** The path of another object. */
export const pathTo = (what: string, description: string) =>
  Type.String({ pattern: `^/infra/${what}$`, maxLength: 255, description });

const NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";

export const tier0Path = (description: string) => pathTo(`tier-0s/${NAME}`, description);
export const servicePath = (description: string) => pathTo(`services/${NAME}`, description);
export const groupPath = (description: string) => pathTo(`domains/default/groups/${NAME}`, description);

/** Groups, prefixes, or ANY. */
export const whom = (description: string) =>
  Type.Optional(
    Type.Array(
      Type.Union([
        Type.Literal("ANY"),
        groupPath("A group."),
        Type.String({ format: "ipv4-prefix", description: "Addresses." }),
      ]),
      { minItems: 1, maxItems: 128, description },
    ),
  );
