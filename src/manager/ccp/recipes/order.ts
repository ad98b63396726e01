import type { ObjectOf } from "../../policy/kinds.ts";

const gateway = { Emergency: 0, SharedPreRules: 1, LocalGatewayRules: 2, Default: 3 } as const;
const distributed = { Emergency: 0, Infrastructure: 1, Environment: 2, Application: 3 } as const;

/** More than any sequence number. */
const CATEGORY = 1_000_000;

export const orderOfGatewayPolicy = ({
  category = "LocalGatewayRules",
  sequence_number = 0,
}: ObjectOf<"GatewayPolicy">): number => gateway[category] * CATEGORY + sequence_number;

export const orderOfSecurityPolicy = ({
  category = "Application",
  sequence_number = 0,
}: ObjectOf<"SecurityPolicy">): number => distributed[category] * CATEGORY + sequence_number;
