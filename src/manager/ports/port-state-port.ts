import type { ReportBody } from "../../model/report.ts";
import { leaseKey } from "../ccp/document-keys.ts";
import type { SegmentPortState } from "../http/answers.ts";
import { idIn, type ObjectOf, parentOf } from "../policy/kinds.ts";
import { readObject } from "../policy/read.ts";
import { portStateOf } from "../realization/port-state.ts";
import { type RealizationWorld, realizationOf } from "../realization/realization.ts";
import type { Documents } from "../state/documents.ts";
import { enforcementOf, problemsOf } from "./realized-port.ts";

interface PortStateWorld {
  readonly realization: RealizationWorld;
  documents(): Documents;
  /** That a gateway serves, as it said last. */
  agents(gateway: string): readonly ReportBody<"agent">[];
}

type Port = ObjectOf<"SegmentPort">;

/**
 * What is known about a port, as the API asks for it.
 *
 * @throws when asked: MANAGER_NOT_FOUND
 */
export const portStatePort =
  ({ realization, documents, agents }: PortStateWorld) =>
  async (path: string): Promise<SegmentPortState> => {
    const port = readObject(documents(), path) as Port;
    const { id: vm } = port.attachment;
    const state = portStateOf(realizationOf(path, realization), vm, agents);
    return {
      intent_path: path,
      status: state.status,
      attachment: { id: vm },
      tep_address: tepOf(vm, documents()),
      realized_bindings: state.isRealized ? bindingsOf(port, documents()) : [],
      problems: problemsOf(state.enforcement),
      enforcement: state.enforcement.map((row) => ({ ...enforcementOf(row), agent_connected: row.agent_connected })),
    };
  };

/** No port is without its VM, as long as policy is sound. */
function tepOf(vm: string, documents: Documents): string | null {
  const machine = documents.get(`/infra/virtual-machines/${vm}`) as ObjectOf<"VirtualMachine"> | undefined;
  return machine?.tep_address ?? null;
}

/** What a lease gave counts where no address is written down. */
const bindingsOf = ({ path, address_bindings }: Port, documents: Documents): SegmentPortState["realized_bindings"] =>
  address_bindings.map(({ mac_address, ip_address }) => {
    if (ip_address !== undefined) return { source: "POLICY", binding: { mac_address, ip_address } };
    const key = leaseKey(idIn(parentOf(path) ?? ""), mac_address);
    const lease = documents.get(key) as { readonly ip: string } | undefined;
    return { source: "DHCP", binding: { mac_address, ...(lease && { ip_address: lease.ip }) } };
  });
