import type { ObjectOf } from "../../policy/kinds.ts";
import { attachedTo, leaseKey } from "../document-keys.ts";
import { fact } from "../facts.ts";
import type { Look } from "../graph.ts";
import type { Appearance, Interface } from "../membership/subject.ts";
import { at, carried, type TreeRecipe, topOf } from "../tree.ts";

/** What groups look at. A VM without interfaces on a gateway's segments is in none. */
export const virtualMachine: TreeRecipe<"VirtualMachine"> = (vm, look) => {
  const interfaces = look
    .keys(attachedTo(vm.id))
    .flatMap((path) => at<"SegmentPort">(look, path) ?? [])
    .flatMap((port) => interfaceOf(vm, port, look));
  return interfaces.length === 0 ? [] : [fact("subject", [vm.id], { vm: vm.id, interfaces })];
};

function interfaceOf(vm: ObjectOf<"VirtualMachine">, port: ObjectOf<"SegmentPort">, look: Look): Interface[] {
  const on = carried(look, topOf(port.path));
  const [binding] = port.address_bindings;
  if (!on || !binding) return [];
  const address = binding.ip_address ?? leased(look, on.segment.id, binding.mac_address);
  const { os_name, image } = vm;
  return [
    {
      tier0: on.tier0,
      addresses: address === undefined ? [] : [address],
      VirtualMachine: {
        ...appearance(vm),
        ...(os_name !== undefined && { osName: os_name }),
        ...(image !== undefined && { image }),
      },
      Segment: appearance(on.segment),
      SegmentPort: appearance(port),
    },
  ];
}

type Looked = ObjectOf<"VirtualMachine"> | ObjectOf<"Segment"> | ObjectOf<"SegmentPort">;

const appearance = ({ path, display_name, tags = [] }: Looked): Appearance => ({ path, name: display_name, tags });

const leased = (look: Look, segment: string, mac: string): string | undefined =>
  (look.get(leaseKey(segment, mac)) as { readonly ip?: string } | undefined)?.ip;
