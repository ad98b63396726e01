import { expect, test } from "vitest";
import { billOfMaterials } from "./sbom.ts";

const made = { version: "1.2.3", builtAt: new Date(1_700_000_000_000), debian: "", npm: {} };

test("billOfMaterials says what it is of and when that was built", () => {
  expect(billOfMaterials(made)).toEqual({
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: "2023-11-14T22:13:20.000Z",
      component: { type: "operating-system", "bom-ref": "pcg", name: "public-cloud-gateway", version: "1.2.3" },
    },
    components: [],
  });
});

test("billOfMaterials lists a Debian package with its source", () => {
  const debian = "libssl3\t1:3.0.17-1~deb12u2\tamd64\topenssl\t3.0.17-1~deb12u2\n";
  expect(billOfMaterials({ ...made, debian }).components).toMatchInlineSnapshot(`
    [
      {
        "bom-ref": "pkg:deb/debian/libssl3@1%3A3.0.17-1~deb12u2?arch=amd64&distro=bookworm",
        "name": "libssl3",
        "properties": [
          {
            "name": "debian:source",
            "value": "openssl=3.0.17-1~deb12u2",
          },
        ],
        "purl": "pkg:deb/debian/libssl3@1%3A3.0.17-1~deb12u2?arch=amd64&distro=bookworm",
        "type": "library",
        "version": "1:3.0.17-1~deb12u2",
      },
    ]
  `);
});

test("billOfMaterials lists npm packages that run on the box, nested ones too", () => {
  const npm = {
    "": { version: "0.1.0" },
    "node_modules/ws": { version: "8.0.0", license: "MIT" },
    "node_modules/ws/node_modules/@scope/part": { version: "2.0.0" },
    "node_modules/native": { version: "1.0.0", os: ["linux"], cpu: ["x64"] },
    "node_modules/native-arm": { version: "1.0.0", os: ["linux"], cpu: ["arm64"] },
    "node_modules/native-mac": { version: "1.0.0", os: ["darwin"] },
    "node_modules/lint": { version: "1.0.0", dev: true },
  };
  expect(billOfMaterials({ ...made, npm }).components).toEqual([
    {
      type: "library",
      "bom-ref": "node_modules/ws",
      name: "ws",
      version: "8.0.0",
      purl: "pkg:npm/ws@8.0.0",
      licenses: [{ license: { name: "MIT" } }],
    },
    {
      type: "library",
      "bom-ref": "node_modules/ws/node_modules/@scope/part",
      name: "@scope/part",
      version: "2.0.0",
      purl: "pkg:npm/%40scope/part@2.0.0",
    },
    {
      type: "library",
      "bom-ref": "node_modules/native",
      name: "native",
      version: "1.0.0",
      purl: "pkg:npm/native@1.0.0",
    },
  ]);
});
