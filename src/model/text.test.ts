import Format from "typebox/format";
import { expect, test } from "vitest";
import { wantedOf } from "./text.ts";

test.each(["ipv4-address", "ipv4-prefix", "ipv4-interface", "mac-address", "port-range"])(
  "wantedOf %s says what to write, with an example that is one",
  (format) => {
    const [, example] = /such as "(.+)"$/.exec(wantedOf(format) ?? "") ?? [];
    expect(Format.Test(format, example ?? "")).toBe(true);
  },
);
