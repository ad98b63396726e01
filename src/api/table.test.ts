import { expect, test } from "vitest";
import { section, table } from "./table.ts";

test("table pads columns, numbers to the right, and leaves no blanks at the end", () => {
  const rows = [
    ["pat", 5, "short"],
    ["eip-203.0.113.10", 1200, ""],
  ];
  expect(table(rows)).toBe("pat                  5  short\neip-203.0.113.10  1200");
  expect(section("nothing", table([]))).toEqual([]);
});
