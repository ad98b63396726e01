import type { Status } from "../../api/status.ts";
import type { GatewayFacts } from "../../boot/check.ts";

/** Of all that pcgd says of itself, what the self-test asks. */
export function gatewayFacts({ desired, controller, certificate, objects }: Status): GatewayFacts {
  const { wished, realized, refused, lastError } = desired;
  return {
    ...{ wished, realized, lastError },
    refused: Array.from(refused?.flaws ?? [], String),
    inSync: objects.byState["in_sync"] ?? 0,
    troubled: objects.troubled.map(({ state, key, message }) => `${state} ${key}${message ? `: ${message}` : ""}`),
    programs: objects.byKind["bpf-program"] ?? 0,
    controller: controller && {
      id: controller.id,
      connected: controller.state.connected,
      lost: controller.state.lost,
    },
    certificate: certificate && {
      until: certificate.until,
      expired: certificate.expired,
      lastError: certificate.lastError,
    },
  };
}
