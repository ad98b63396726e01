import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseIpv4 } from "../net/ipv4.ts";
import { type GenevePacket, geneve } from "../wire/geneve.ts";
import { knownLabel, labelOf, VMWARE_LABEL } from "../wire/geneve-label.ts";
import { frameOf, lan, macOf, readAnswer, VNI } from "./lan.testing.ts";
import { ControlSocket } from "./socket.edge.ts";

const GATEWAY_TEP = "127.0.0.1";
const VM_TEP = "127.0.0.2";

let vm: Socket;
let control: ControlSocket;
let port: number;
let web: ReturnType<typeof lan>;

beforeEach(async () => {
  vm = createSocket("udp4");
  vm.bind(0, VM_TEP);
  await once(vm, "listening");
  port = vm.address().port;
  web = lan();
  const options = { address: parseIpv4(GATEWAY_TEP), port, option: VMWARE_LABEL, label: 0x800001 };
  control = new ControlSocket(web.service, options);
  await control.open();
});
afterEach(async () => {
  await control.close();
  vm.close();
  web.service.close();
});

const packet: GenevePacket = {
  vni: VNI,
  control: false,
  options: [],
  payload: frameOf("DISCOVER", { mac: macOf(1) }),
};

async function ask(bytes: Uint8Array): Promise<GenevePacket> {
  const answer = once(vm, "message");
  vm.send(bytes, port, GATEWAY_TEP);
  const [reply] = (await answer) as [Uint8Array];
  return geneve.decode(reply, [knownLabel(VMWARE_LABEL)]);
}

test("ControlSocket answers through the tunnel, on the same VNI, with this unit's label", async () => {
  const reply = await ask(geneve.encode(packet));
  expect(reply).toMatchObject({ vni: VNI, control: false });
  expect(labelOf(VMWARE_LABEL, reply.options)).toBe(0x800001);
  expect(readAnswer(reply.payload)).toMatchObject({ type: "OFFER", yiaddr: "192.168.100.10" });
});

test("ControlSocket counts what is no GENEVE by reason, and goes on answering", async () => {
  const whole = geneve.encode(packet);
  const critical = { optionClass: 0x0105, type: 0x80, data: new Uint8Array(4) };
  const changed = (at: number, value: number) => Uint8Array.from(whole, (b, i) => (i === at ? value : b));
  const bad: Uint8Array[] = [
    new Uint8Array(),
    whole.subarray(0, 7),
    changed(0, 0x40),
    changed(0, 0x01),
    changed(2, 0x08),
    geneve.encode({ ...packet, options: [critical] }),
    geneve.encode({ ...packet, control: true }),
    geneve.encode({ ...packet, payload: new Uint8Array(5) }),
  ];
  for (const bytes of bad) vm.send(bytes, port, GATEWAY_TEP);
  await ask(whole);
  expect(web.dropped()).toEqual({
    GENEVE_TRUNCATED: 2,
    GENEVE_UNSUPPORTED: 2,
    GENEVE_MALFORMED: 1,
    GENEVE_CRITICAL_OPTION: 1,
    GENEVE_CONTROL: 1,
    FRAME_MALFORMED: 1,
  });
});

test("ControlSocket says which address it cannot have", async () => {
  const options = { address: parseIpv4("192.0.2.1"), port, option: VMWARE_LABEL, label: 0 };
  await expect(new ControlSocket(web.service, options).open()).rejects.toMatchObject({
    code: "INTERFACE_MISSING",
    detail: { address: "192.0.2.1" },
  });
});
