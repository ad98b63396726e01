import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { messageOf, PcgError } from "../base/error.ts";
import { formatIpv4, type Ipv4, parseIpv4 } from "../net/ipv4.ts";
import type { Vni } from "../net/vni.ts";
import { type GenevePacket, geneve, type KnownOption } from "../wire/geneve.ts";
import { knownLabel, type LabelOption, labelOption } from "../wire/geneve-label.ts";
import type { DhcpDrop } from "./drops.ts";
import type { DhcpService } from "./server.ts";

export interface ControlSocketOptions {
  /** This unit's tunnel endpoint. */
  readonly address: Ipv4;
  readonly port: number;
  /** Which critical option the tunnel's packets carry, and the label this unit sends in it. */
  readonly option: LabelOption;
  readonly label: number;
}

/** A burst of some thousand datagrams has to wait while the disk is synced. */
const RECEIVE_BUFFER = 8 << 20;

/**
 * The socket on the GENEVE port: control packets that the datapath passes up whole come in here, and answers leave by
 * it. Only DHCP is spoken so far.
 */
export class ControlSocket {
  readonly #service: DhcpService;
  readonly #options: ControlSocketOptions;
  readonly #known: readonly KnownOption[];
  readonly #socket: Socket;
  #isOpen = false;

  constructor(service: DhcpService, options: ControlSocketOptions) {
    this.#service = service;
    this.#options = options;
    this.#known = [knownLabel(options.option)];
    this.#socket = createSocket({
      type: "udp4",
      recvBufferSize: RECEIVE_BUFFER,
      // Peers are addresses; the resolver, which would cost each answer a turn, has nothing to do.
      lookup: (host, _options, callback) => callback(null, host, 4),
    });
    this.#socket.on("message", (bytes, peer) => this.#receive(bytes, peer));
  }

  /** Resolves once it listens. @throws INTERFACE_MISSING when the address cannot be bound */
  open(): Promise<void> {
    const { address, port } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) =>
        reject(new PcgError("INTERFACE_MISSING", { address: formatIpv4(address), port, why: error.message }, error));
      this.#socket.once("error", fail);
      this.#socket.bind({ address: formatIpv4(address), port }, () => {
        this.#socket.off("error", fail);
        // Such as ICMP errors about former answers: they say nothing about the next.
        this.#socket.on("error", (error) => this.#service.drop("REPLY_FAILED", { why: error.message }));
        this.#isOpen = true;
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #receive(bytes: Uint8Array, peer: RemoteInfo): void {
    const packet = this.#decode(bytes, peer);
    if (!packet) return;
    if (packet.control) {
      this.#service.drop("GENEVE_CONTROL", { tep: peer.address });
      return;
    }
    const { vni, payload } = packet;
    this.#service.answer({ vni, tep: parseIpv4(peer.address), frame: payload }, (reply) => {
      if (reply && this.#isOpen) this.#send(vni, reply, peer.address);
    });
  }

  #decode(bytes: Uint8Array, peer: RemoteInfo): GenevePacket | undefined {
    try {
      return geneve.decode(bytes, this.#known);
    } catch (error) {
      if (!(error instanceof PcgError) || !isGeneveRefusal(error.code)) throw error;
      return this.#service.drop(geneveDrops[error.code], { tep: peer.address, why: error.message });
    }
  }

  #send(vni: Vni, frame: Uint8Array, tep: string): void {
    const { option, label, port } = this.#options;
    const datagram = geneve.encode({ vni, control: false, options: [labelOption(option, label)], payload: frame });
    this.#socket.send(datagram, port, tep, (error) => {
      if (error) this.#service.drop("REPLY_FAILED", { tep, why: messageOf(error) });
    });
  }
}

const geneveDrops = {
  WIRE_TRUNCATED: "GENEVE_TRUNCATED",
  WIRE_MALFORMED: "GENEVE_MALFORMED",
  WIRE_UNSUPPORTED: "GENEVE_UNSUPPORTED",
  WIRE_CRITICAL_OPTION: "GENEVE_CRITICAL_OPTION",
} as const satisfies Record<string, DhcpDrop>;

const isGeneveRefusal = (code: string): code is keyof typeof geneveDrops => Object.hasOwn(geneveDrops, code);
