import fc from "fast-check";
import { expect, test } from "vitest";
import { PcgError } from "../base/error.ts";
import { answerMetadata, type MetadataInstance } from "../lab/metadata.ts";
import { metadataOf } from "../lab/metadata-of.ts";
import { topology } from "../lab/topology.ts";
import { readMetadata } from "./read-metadata.ts";

const [unit] = topology.units;
if (!unit) throw new Error("the laboratory has no unit");
const instance = metadataOf(topology, unit, {
  userData: "#cloud-config\n",
  keys: { one: "ssh-rsa A", two: "ssh-rsa B" },
});

/** As the service of the laboratory answers, without tokens. */
const service = (its: MetadataInstance) => ({
  get: async (path: string) => {
    const question = { method: "GET", url: `/latest/${path}`, headers: {}, from: "10.99.2.10", at: 0 };
    const faults = { ...its.faults, isVersion1: true };
    const { status, body } = answerMetadata({ instances: [{ ...its, faults }] }, question);
    return status === 200 ? body : undefined;
  },
});

test("readMetadata says all that the laboratory's service says of a unit", async () => {
  const { userData, ...facts } = await readMetadata(service(instance));
  expect(Buffer.from(userData ?? []).toString()).toBe("#cloud-config\n");
  expect(facts).toMatchInlineSnapshot(`
    {
      "instanceId": "i-00000000000000061",
      "instanceType": "c6in.large",
      "interfaces": [
        {
          "addresses": [
            174260746,
          ],
          "deviceNumber": 0,
          "id": "eni-02e39392e322e3130",
          "mac": "02:ec:0a:63:02:0a",
          "subnet": {
            "address": 174260736,
            "length": 24,
          },
          "vpc": [
            {
              "address": 174260224,
              "length": 16,
            },
          ],
        },
        {
          "addresses": [
            174260490,
            174260500,
            174260501,
          ],
          "deviceNumber": 1,
          "id": "eni-02e39392e312e3130",
          "mac": "02:ec:0a:63:01:0a",
          "subnet": {
            "address": 174260480,
            "length": 24,
          },
          "vpc": [
            {
              "address": 174260224,
              "length": 16,
            },
          ],
        },
        {
          "addresses": [
            174261036,
          ],
          "deviceNumber": 2,
          "id": "eni-02e39392e332e3434",
          "mac": "02:ec:0a:63:03:2c",
          "subnet": {
            "address": 174260992,
            "length": 24,
          },
          "vpc": [
            {
              "address": 174260224,
              "length": 16,
            },
          ],
        },
      ],
      "keys": [
        "ssh-rsa A",
        "ssh-rsa B",
      ],
      "zone": "eu-central-1a",
    }
  `);
});

test("readMetadata takes an instance without keys, user data or an address", async () => {
  const { userData: _, ...bare } = instance;
  const interfaces = instance.interfaces.map((i) => (i.deviceNumber === 2 ? { ...i, addresses: [] } : i));
  const read = await readMetadata(service({ ...bare, interfaces, keys: {} }));
  expect({ keys: read.keys, userData: read.userData, addresses: read.interfaces[2]?.addresses }).toEqual({
    keys: [],
    userData: undefined,
    addresses: [],
  });
});

test.each([
  ["meta-data/instance-id", "../../etc", "CLOUD_METADATA_BAD"],
  ["meta-data/instance-type", "", "CLOUD_METADATA_INCOMPLETE"],
  ["meta-data/placement/availability-zone", "a\nb", "CLOUD_METADATA_BAD"],
  ["meta-data/network/interfaces/macs/", "here\n", "CLOUD_METADATA_INCOMPLETE"],
  ["meta-data/public-keys/", "x=y", "CLOUD_METADATA_BAD"],
  ["meta-data/network/interfaces/macs/02:ec:0a:63:02:0a/device-number", "first", "CLOUD_METADATA_BAD"],
  ["meta-data/network/interfaces/macs/02:ec:0a:63:02:0a/subnet-ipv4-cidr-block", "10.99.2.1/24", "CLOUD_METADATA_BAD"],
  ["meta-data/network/interfaces/macs/02:ec:0a:63:02:0a/vpc-ipv4-cidr-blocks", "", "CLOUD_METADATA_INCOMPLETE"],
])("readMetadata refuses %s = %j with %s, by its path", async (path, text, code) => {
  const read = readMetadata(service({ ...instance, faults: { instead: { [path]: text } } }));
  await expect(read).rejects.toMatchObject({ code, detail: { path: expect.stringContaining(path) } });
});

test("readMetadata makes of any bytes metadata or an error on purpose", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined })),
      async (answers) => {
        const get = async () => answers.next().value;
        await readMetadata({ get }).catch((error) => {
          expect(error).toBeInstanceOf(PcgError);
        });
      },
    ),
  );
});
