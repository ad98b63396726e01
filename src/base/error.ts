import { printable, printableLines } from "./printable.ts";

/** Every error this system raises on purpose, in one table: the code is the contract, the text is for people. */
const catalogue = {
  CONFIG_UNREADABLE: "a configuration file cannot be read",
  CONFIG_REFUSED: "a configuration file is refused whole",
  NET_BAD_VALUE: "a network value is not what it should be",
  WIRE_TRUNCATED: "a packet ends before it says it does",
  WIRE_MALFORMED: "a packet contradicts itself",
  WIRE_CHECKSUM: "a packet's checksum is wrong",
  WIRE_UNSUPPORTED: "a packet is of a version or kind not spoken here",
  WIRE_CRITICAL_OPTION: "a packet has a critical option that is unknown here",
  WIRE_UNENCODABLE: "a value does not fit its place on the wire",
  KERNEL_REFUSED: "the kernel refused a change",
  KERNEL_UNREADABLE: "the kernel's state cannot be read",
  KERNEL_NOT_OURS: "a change asks for something this gateway may not own",
  KERNEL_DOOR_CLOSED: "pcg-kernel cannot be reached",
  BPFFS_MISSING: "no bpffs is mounted where eBPF programs are to be kept",
  KERNEL_DOOR_FULL: "pcg-kernel takes no more at once",
  INTERFACE_MISSING: "an interface the configuration names is not there",
  INTERFACE_SHARED: "the configuration gives one network interface two roles",
  LCP_BAD_MESSAGE: "a message of the control plane is not understood",
  LCP_BEHIND: "a source of state is behind what is held already",
  LCP_OUT_OF_STEP: "a message does not follow what came before it",
  LCP_TOO_MUCH: "a source tells more than is kept of it",
  LCP_STORE: "the database of what a node was told cannot be used",
  LEASE_STORE: "the lease database cannot be used",
  API_BAD_REQUEST: "a request to the gateway is not understood",
  API_UNREACHABLE: "the gateway's daemon does not answer on its socket",
  MANAGER_BAD_REQUEST: "a request to the manager is not understood",
  MANAGER_REFUSED: "what is asked for contradicts itself or what is there",
  MANAGER_NOT_FOUND: "there is no such object",
  MANAGER_CONFLICT: "the object has changed since it was read",
  MANAGER_IN_USE: "other objects refer to it",
  MANAGER_DENIED: "who asks may not do that",
  MANAGER_PRECONDITION: "the object is not the one that the request is for",
  MANAGER_UNKNOWN_CALLER: "it is not known who asks",
  MANAGER_TOO_LARGE: "a request is larger than is taken",
  MANAGER_NOT_JSON: "a request's body is not of a type that is read",
  MANAGER_TOO_FAST: "requests come faster than they are taken",
  MANAGER_STORE: "the manager's store cannot be used",
  ENROL_TOO_OFTEN: "one source asks for certificates too often",
  ENROL_UNREACHABLE: "no manager can be reached that gives certificates",
  ENROL_WRONG_AUTHORITY: "the manager's authority is not the one that was pinned",
  ENROL_REFUSED: "the manager gives no certificate",
  ENROL_TOKEN_REFUSED: "the manager does not take the token, which is good once and for a while",
  ENROL_BAD_ANSWER: "what the manager gave is not what was asked for",
  MANAGER_UNREACHABLE: "a manager cannot be asked",
  CLOUD_METADATA_UNREACHABLE: "the instance metadata service does not answer",
  CLOUD_METADATA_SLOW: "the instance metadata service is slow to answer",
  CLOUD_METADATA_REFUSED: "the instance metadata service answers, but not us",
  CLOUD_METADATA_INCOMPLETE: "the instance metadata service leaves something out",
  CLOUD_METADATA_BAD: "the instance metadata service says what cannot be",
  BOOT_NOT_RUNNING: "pcg-boot does not run",
  BOOT_NOT_ROOT: "only root can test everything",
  BOOT_OTHER_MACHINE: "the configuration written last is not for this machine's interfaces",
  BOOT_ENI_MISSING: "no network interface is attached for a role",
  BOOT_ENI_AMBIGUOUS: "two network interfaces are attached for one role",
  BOOT_ENI_NO_ADDRESS: "a network interface has no IPv4 address",
  BOOT_NIC_MISSING: "a network interface is attached, but the kernel has none with its MAC",
  BOOT_SUBNETS_OVERLAP: "subnets of two network interfaces overlap",
  BOOT_USER_DATA_ABSENT: "there is no user data",
  BOOT_USER_DATA_UNREADABLE: "the user data cannot be read",
  BOOT_USER_DATA_REFUSED: "the user data is refused whole",
  BOOT_FILE_UNWRITABLE: "a file cannot be written",
  BOOT_COMMAND_FAILED: "a command failed",
  BOOT_NO_LOCKDOWN: "the appliance's own firewall cannot be loaded",
  UPGRADE_BAD_BUNDLE: "an upgrade bundle is not what it should be",
  UPGRADE_NOT_SIGNED: "an upgrade bundle is not signed with a key that is trusted here",
  UPGRADE_OLDER: "an upgrade bundle is older than what runs",
  UPGRADE_NO_SPACE: "an upgrade bundle does not fit on the disk",
  UPGRADE_NOT_NOW: "an upgrade cannot begin as things are",
  UPGRADE_UNHEALTHY: "a new version did not become healthy",
  UPGRADE_BAD_ENVIRONMENT: "GRUB's environment block is not what it should be",
  UPGRADE_DISK: "the disk with the two slots cannot be used",
  UPGRADE_FAILED: "a step of an upgrade failed",
  LAB_FAILED: "the laboratory could not be set up",
} as const;

export type ErrorCode = keyof typeof catalogue;

/** What a code means, for people. */
export const meaningOf = (code: ErrorCode): string => catalogue[code];

/** @param text such as another machine sent */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(catalogue, text);

/** An error raised on purpose. `code` is what programs test; `detail` names field, value and cause for a person. */
export class PcgError extends Error {
  override readonly name = "PcgError";
  readonly code: ErrorCode;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: Record<string, unknown> = {}, cause?: unknown) {
    const facts = Object.entries(detail).map(([name, value]) => `${name}=${show(value)}`);
    super(printable([`${code}: ${catalogue[code]}`, ...facts].join(", ")), { cause });
    this.code = code;
    this.detail = detail;
  }
}

const show = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** What to print of anything thrown. Parsers quote what they were given. */
export const messageOf = (error: unknown): string =>
  printableLines(error instanceof Error ? error.message : String(error));
