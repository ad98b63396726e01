import { drops } from "../drops.ts";
import { beliefs, controlClasses, DSCP_INHERIT, maps, sides, structs } from "./layouts.ts";
import { passes } from "./passes.ts";
import { layout, type Struct } from "./struct.ts";

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function structText(name: string, struct: Struct): string {
  const { members, size } = layout(struct);
  const lines = members.map((m) => `\t${m.c} ${snake(m.name)}${m.array === undefined ? "" : `[${m.array}]`};`);
  const tag = `struct ${snake(name)}`;
  return [`${tag} {`, ...lines, "};", `_Static_assert(sizeof(${tag}) == ${size}, "${tag}");`].join("\n");
}

function enumText(tag: string, prefix: string, names: readonly string[]): string {
  const lines = names.map((name, n) => `\t${prefix}_${name.toUpperCase()} = ${n},`);
  return [`enum ${tag} {`, ...lines, `\t${prefix}_COUNT = ${names.length},`, "};"].join("\n");
}

function mapText(name: string, map: (typeof maps)[keyof typeof maps]): string {
  return [
    "struct {",
    `\t__uint(type, BPF_MAP_TYPE_${map.type});`,
    `\t__uint(max_entries, ${map.entries});`,
    ...(map.type === "HASH" || map.type === "LPM_TRIE" ? ["\t__uint(map_flags, BPF_F_NO_PREALLOC);"] : []),
    `\t__type(key, ${map.key === "index" ? "__u32" : `struct ${snake(map.key)}`});`,
    `\t__type(value, struct ${snake(map.value)});`,
    `} ${name} SEC(".maps");`,
  ].join("\n");
}

/** The C header that makes the programs agree with layouts.ts, passes.ts and drops.ts. */
export const header = (): string =>
  [
    "/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */\n/* Made by generate.ts. Changes here are lost. */",
    "#pragma once",
    `#define DSCP_INHERIT ${DSCP_INHERIT}`,
    enumText("drop_reason", "DROP", Object.keys(drops)),
    enumText("pass", "PASS", Object.keys(passes)),
    enumText("control_class", "CONTROL", controlClasses),
    enumText("side", "SIDE", sides),
    enumText("belief", "BELIEVE", beliefs),
    ...Object.entries(structs).map(([name, struct]) => structText(name, struct)),
    ...Object.entries(maps).map(([name, map]) => mapText(name, map)),
    "",
  ].join("\n\n");
