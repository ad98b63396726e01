import fc from "fast-check";
import { expect, test } from "vitest";
import { DocumentTable } from "./document-table.ts";
import { Overlaid } from "./overlaid.ts";

const key = fc.constantFrom("/a", "/a/b", "/a/c", "/b", "/b/a", "/c");
const value = fc.option(fc.nat(9), { nil: undefined });
const rows = fc.array(fc.tuple(key, value), { maxLength: 8 });

test("Overlaid is what the documents are once they have the writes, and leaves them as they were", () => {
  fc.assert(
    fc.property(rows, rows, rows, (there, first, then) => {
      const base = new DocumentTable(there.filter(([, one]) => one !== undefined));
      const before = [...base.under("")];
      const overlaid = new Overlaid(base, new Map(first));
      for (const [at, one] of then) overlaid.set(at, one);
      expect([...base.under("")]).toEqual(before);
      const seen = ["", "/a", "/a/", "/b", "/d"].map((prefix) => [...overlaid.under(prefix)]);
      base.apply(overlaid.writes);
      expect(seen).toEqual(["", "/a", "/a/", "/b", "/d"].map((prefix) => [...base.under(prefix)]));
    }),
  );
});
