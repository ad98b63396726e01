import Type from "typebox";
import { Compile } from "typebox/compile";
import { PcgError } from "../../base/error.ts";
import type { Identity } from "../../lcp/identity.ts";
import { formatFlaw, schemaFlaws } from "../../model/flaw.ts";
import { address, closed, id } from "../../model/text.ts";
import type { Change, Documents } from "../state/documents.ts";
import type { InstanceDocument } from "./instance-identity.ts";

const GATEWAYS = "/enrolment/aws/gateways/";

/** Which EC2 instance may enrol as a gateway: the fields are those of AWS's instance identity document. */
export const AwsGateway = closed(
  {
    accountId: Type.String({ pattern: "^[0-9]{12}$", description: "The instance's account." }),
    instanceId: Type.Optional(
      Type.String({ pattern: "^i-[0-9a-f]{8,17}$", description: "This instance alone; its successor must be listed." }),
    ),
    privateIp: Type.Optional(
      address(
        "The address of its first NIC: an instance that takes the place of another on the same NIC may come too.",
      ),
    ),
    region: Type.Optional(Type.String({ pattern: "^[a-z0-9-]{1,32}$", description: "Default: any configured one." })),
    imageId: Type.Optional(
      Type.String({ pattern: "^ami-[0-9a-f]{8,17}$", description: "What it was launched from. Default: anything." }),
    ),
  },
  "The EC2 instance that may enrol as this gateway by its identity document. Give instanceId, privateIp, or both.",
);
export type AwsGateway = Type.Static<typeof AwsGateway>;

const entryForm = Compile(AwsGateway);
const idForm = Compile(id("The gateway's."));

/** An entry of the list with the gateway's id. */
export type ListedGateway = AwsGateway & { readonly id: string };

export const listedGateway = (documents: Documents, gateway: string): ListedGateway | undefined => {
  const entry = documents.get(GATEWAYS + gateway) as AwsGateway | undefined;
  return entry && { id: gateway, ...entry };
};

export const listedGateways = (documents: Documents): ListedGateway[] =>
  [...documents.under(GATEWAYS)].map(([key, entry]) => ({ id: key.slice(GATEWAYS.length), ...(entry as AwsGateway) }));

/** Lists an instance in place of what was listed for the gateway. @throws MANAGER_BAD_REQUEST, MANAGER_REFUSED */
export function listing(gateway: string, body: unknown): Change {
  if (!idForm.Check(gateway))
    throw new PcgError("MANAGER_BAD_REQUEST", { flaws: schemaFlaws(idForm, gateway).map(formatFlaw) });
  if (!entryForm.Check(body))
    throw new PcgError("MANAGER_BAD_REQUEST", { flaws: schemaFlaws(entryForm, body).map(formatFlaw) });
  if (body.instanceId === undefined && body.privateIp === undefined)
    throw new PcgError("MANAGER_BAD_REQUEST", { field: "instanceId", why: "give instanceId, privateIp, or both" });
  return (documents) => {
    const twin = listedGateways(documents).find((other) => other.id !== gateway && isSame(other, body));
    if (twin)
      throw new PcgError("MANAGER_REFUSED", {
        ...{ field: "instanceId", value: body.instanceId ?? body.privateIp },
        why: `is listed for gateway ${twin.id} already, and one instance is one gateway`,
      });
    return new Map([[GATEWAYS + gateway, body]]);
  };
}

const isSame = (one: AwsGateway, other: AwsGateway): boolean =>
  one.accountId === other.accountId &&
  one.instanceId === other.instanceId &&
  one.privateIp === other.privateIp &&
  one.region === other.region &&
  one.imageId === other.imageId;

/** The gateway keeps its certificates; only its instance does not enrol again. @throws MANAGER_NOT_FOUND */
export const unlisting =
  (gateway: string): Change =>
  (documents) => {
    const key = GATEWAYS + gateway;
    if (documents.get(key) === undefined) throw new PcgError("MANAGER_NOT_FOUND", { path: key, why: "is not listed" });
    return new Map([[key, undefined]]);
  };

/**
 * As which gateway an instance may enrol. Undefined: it is not listed.
 *
 * @throws MANAGER_DENIED when it could be one of several: none is guessed
 */
export function gatewayOf(documents: Documents, claimed: InstanceDocument): Identity | undefined {
  const [entry, ...others] = listedGateways(documents).filter((one) => isOf(one, claimed));
  if (others.length > 0)
    throw new PcgError("MANAGER_DENIED", {
      ...{ field: "instanceId", value: claimed.instanceId },
      why: `is listed for several gateways (${[entry, ...others].map((one) => one?.id).join(", ")}); leave one entry`,
    });
  return entry && { role: "gateway", id: entry.id };
}

const isOf = (entry: AwsGateway, claimed: InstanceDocument): boolean =>
  entry.accountId === claimed.accountId &&
  (entry.instanceId ?? claimed.instanceId) === claimed.instanceId &&
  (entry.privateIp ?? claimed.privateIp) === claimed.privateIp &&
  (entry.region ?? claimed.region) === claimed.region &&
  (entry.imageId === undefined || entry.imageId === claimed.imageId);
