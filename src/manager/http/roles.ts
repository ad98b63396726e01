import Type from "typebox";

/** What whoever has a token may do: each all that those before it may. */
export const roles = ["viewer", "operator", "admin"] as const;

export const Role = Type.Enum([...roles], {
  description: "viewer reads; operator changes policy; admin also has tokens, nodes and the audit log to do with.",
});
export type Role = (typeof roles)[number];

export const isAtLeast = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);
