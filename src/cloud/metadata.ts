import type { Ipv4 } from "../net/ipv4.ts";
import type { Mac } from "../net/mac.ts";
import type { Prefix } from "../net/prefix.ts";

/** An elastic network interface, as the metadata service describes it. */
export interface CloudInterface {
  readonly mac: Mac;
  /** In which place of the instance it is attached; what its role follows from. */
  readonly deviceNumber: number;
  /** Such as `eni-0a1b2c3d`. */
  readonly id: string;
  /** The first is the primary one. May be empty. */
  readonly addresses: readonly Ipv4[];
  readonly subnet: Prefix;
  readonly vpc: readonly Prefix[];
}

/** What the cloud says of this instance, at one moment. */
export interface Metadata {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly zone: string;
  /** By device number. */
  readonly interfaces: readonly CloudInterface[];
  /** As in authorized_keys. */
  readonly keys: readonly string[];
  /** Undefined: none was given. */
  readonly userData: Uint8Array | undefined;
}
