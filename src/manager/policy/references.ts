import { idIn, type KindName } from "./kinds.ts";

/** One place of an object that names another object. */
export interface Reference {
  /** Such as `expression[0].paths[1]`. */
  readonly field: string;
  readonly path: string;
}

/** Which fields of a kind name other objects by their path; `[]` stands for each of a list. ANY and addresses do not. */
export const referenceFields: { readonly [K in KindName]?: readonly string[] } = {
  PublicCloudGateway: ["tier0_path"],
  Segment: ["connectivity_path", "dhcp_config_path"],
  PolicyNatRule: ["service"],
  Group: ["expression[].paths[]"],
  SecurityPolicy: ["scope[]"],
  Rule: ["source_groups[]", "destination_groups[]", "services[]"],
  GatewayRule: ["source_groups[]", "destination_groups[]", "services[]", "scope[]"],
};

/** All that an object refers to, in the order of its fields. */
export function referencesOf(kind: KindName, object: unknown): Reference[] {
  const named = (referenceFields[kind] ?? []).flatMap((field) =>
    valuesAt(object, "", field.split(".")).flatMap(({ field: at, value }) =>
      typeof value === "string" && value.startsWith("/infra/") ? [{ field: at, path: value }] : [],
    ),
  );
  return kind === "SegmentPort" ? [...named, attachmentOf(object)] : named;
}

/** A port names its VM by id, as NSX does. */
function attachmentOf(port: unknown): Reference {
  const { attachment } = port as { readonly attachment: { readonly id: string } };
  return { field: "attachment.id", path: `/infra/virtual-machines/${attachment.id}` };
}

/** What the person who wrote it wrote there. */
export const writtenAs = ({ field, path }: Reference): string => (field === "attachment.id" ? idIn(path) : path);

interface Found {
  readonly field: string;
  readonly value: unknown;
}

function valuesAt(value: unknown, at: string, [word, ...rest]: readonly string[]): Found[] {
  if (word === undefined) return [{ field: at, value }];
  const isList = word.endsWith("[]");
  const name = isList ? word.slice(0, -2) : word;
  const inner = (value as Readonly<Record<string, unknown>>)[name];
  const field = at === "" ? name : `${at}.${name}`;
  if (inner === undefined) return [];
  if (!isList) return valuesAt(inner, field, rest);
  return (inner as readonly unknown[]).flatMap((item, i) => valuesAt(item, `${field}[${i}]`, rest));
}
