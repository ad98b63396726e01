import type { Route } from "./route.ts";
import { accessRoutes } from "./routes/access.ts";
import { gatewayRoutes } from "./routes/gateways.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { policyRoutes } from "./routes/policy.ts";
import { systemRoutes } from "./routes/system.ts";

/** All of the API: whatever is not here is not answered. */
export const routes: readonly Route[] = [
  ...policyRoutes,
  ...gatewayRoutes,
  ...nodeRoutes,
  ...accessRoutes,
  ...systemRoutes,
];
