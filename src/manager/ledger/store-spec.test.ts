import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseStoreSpec } from "./store-spec.ts";

describe("parseStoreSpec", () => {
  test.each([
    ["/var/lib/nsx/manager.db", "/var/lib/nsx/manager.db"],
    ["sqlite:/var/lib/nsx/manager.db", "/var/lib/nsx/manager.db"],
    ["manager.db", "manager.db"],
    ["./a:b.db", "./a:b.db"],
  ])("takes %s for a file", (spec, path) => {
    expect(parseStoreSpec(spec)).toEqual({ kind: "sqlite", path });
  });

  test("reads members, prefix, TLS files and user of an etcd", () => {
    const spec =
      "etcds://pcg@a.example:2380,[2001:db8::1],10.0.0.1:1/nsx/one?ca=/ca.pem&cert=/c&key=/k&password-file=/p";
    expect(parseStoreSpec(spec)).toEqual({
      kind: "etcd",
      endpoints: [
        { host: "a.example", port: 2380 },
        { host: "2001:db8::1", port: 2379 },
        { host: "10.0.0.1", port: 1 },
      ],
      prefix: "/nsx/one",
      tls: { ca: "/ca.pem", client: { cert: "/c", key: "/k" } },
      user: { name: "pcg", passwordFile: "/p" },
    });
  });

  test("takes /pcg for the prefix where none is said, and no TLS for etcd://", () => {
    const bare = {
      kind: "etcd",
      endpoints: [{ host: "h", port: 2379 }],
      prefix: "/pcg",
      tls: undefined,
      user: undefined,
    };
    expect(parseStoreSpec("etcd://h")).toEqual(bare);
    expect(parseStoreSpec("etcd://h/")).toEqual(bare);
    expect(parseStoreSpec("etcds://h/")).toEqual({ ...bare, tls: {} });
  });

  test.each([
    ["", /path/],
    [":memory:", /path/],
    ["sqlite:", /path/],
    ["sqlite::memory:", /path/],
    ["http://h:2379", /neither/],
    ["etcd:h:2379", /lacks/],
    ["etcd://", /lacks/],
    ["etcd:///pcg", /lacks/],
    ["etcd://h:0", /HOST:PORT/],
    ["etcd://h:65536", /HOST:PORT/],
    ["etcd://h,", /HOST:PORT/],
    ["etcd://h:1:2", /HOST:PORT/],
    ["etcd://h//x", /prefix/],
    ["etcd://h/x y", /prefix/],
    ["etcd://h?ca=/ca", /"ca" is none of password-file/],
    ["etcds://h?cert=/c", /go together/],
    ["etcds://h?ca=", /ca is empty/],
    ["etcd://u@h", /go together/],
    ["etcd://h?password-file=/p", /go together/],
    ["etcd://u:secret@h?password-file=/p", /password does not belong here/],
  ])("refuses %j", (spec, why) => {
    expect(() => parseStoreSpec(spec)).toThrow(
      expect.objectContaining({
        code: "CONFIG_REFUSED",
        detail: { field: "store", value: spec, why: expect.stringMatching(why) },
      }),
    );
  });

  test("parseStoreSpec understands any text or refuses it on purpose", () => {
    const text = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.string().map((rest) => `etcds://${rest}`),
    );
    fc.assert(
      fc.property(text, (spec) => {
        try {
          parseStoreSpec(spec);
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFIG_REFUSED" });
        }
      }),
    );
  });
});
