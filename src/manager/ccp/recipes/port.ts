import { at, carried, piece, type TreeRecipe, topOf } from "../tree.ts";

/** A VM's interface, and the tunnel endpoint that it is behind. */
export const port: TreeRecipe<"SegmentPort"> = ({ path, id, display_name, address_bindings, attachment }, look) => {
  const on = carried(look, topOf(path));
  const vm = at<"VirtualMachine">(look, vmPath(attachment.id));
  const [binding] = address_bindings;
  if (!on || !vm || !binding) return [];
  const { tep_address: address, tep_label: label } = vm;
  const body = {
    segment: on.segment.id,
    mac: binding.mac_address,
    ...(binding.ip_address !== undefined && { ip: binding.ip_address }),
    tep: address,
    name: display_name,
    node: vm.id,
  };
  return [
    piece(on.tier0, "tep", address, { address, ...(label !== undefined && { label }) }),
    piece(on.tier0, "port", `${on.segment.id}|${id}`, body),
  ];
};

const vmPath = (id: string) => `/infra/virtual-machines/${id}`;
