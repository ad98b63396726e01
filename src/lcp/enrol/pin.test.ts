import { expect, test } from "vitest";
import { readPin } from "./pin.ts";

const digits = "0123456789abcdef".repeat(4);

test.each([[`sha256:${digits}`], [`SHA256:${digits.toUpperCase()}`], [` sha256:${digits.match(/../g)?.join(":")}\n`]])(
  "readPin reads %j",
  (text) => {
    expect(readPin(text)).toBe(`sha256:${digits}`);
  },
);

test.each([
  "",
  digits,
  `sha1:${digits}`,
  `sha256:${digits}0`,
  `sha256:${digits.slice(1)}`,
  `sha256:${digits.slice(1)}g`,
])("readPin finds none in %j", (text) => {
  expect(readPin(text)).toBeUndefined();
});
