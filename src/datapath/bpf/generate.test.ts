import { expect, test } from "vitest";
import { drops } from "../drops.ts";
import { header } from "./generate.ts";

test("header numbers the drop reasons in the order of the list", () => {
  const numbered = Object.keys(drops).map((name, n) => `\tDROP_${name} = ${n},`);
  expect(header()).toContain(["enum drop_reason {", ...numbered].join("\n"));
});

test("header has a struct with its size, and a map of it", () => {
  expect(header()).toContain(
    [
      "struct member {",
      "\t__u32 vni;",
      "\t__be32 tep;",
      "\t__u8 mac[6];",
      "\t__u8 pad3[2];",
      "};",
      '_Static_assert(sizeof(struct member) == 16, "struct member");',
    ].join("\n"),
  );
  expect(header()).toContain(
    [
      "struct {",
      "\t__uint(type, BPF_MAP_TYPE_HASH);",
      "\t__uint(max_entries, 131072);",
      "\t__uint(map_flags, BPF_F_NO_PREALLOC);",
      "\t__type(key, struct member);",
      "\t__type(value, struct present);",
      '} members SEC(".maps");',
    ].join("\n"),
  );
});
