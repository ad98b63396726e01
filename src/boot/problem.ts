import { type ErrorCode, meaningOf, messageOf, PcgError } from "../base/error.ts";

/** Something that keeps the unit from being what it should, for the person at its console. */
export interface Problem {
  readonly code: ErrorCode;
  /** What exactly is wrong. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** What to do about what is wrong outside of this machine; all is tried again by itself. */
const remedies: Partial<Record<ErrorCode, string>> = {
  CLOUD_METADATA_UNREACHABLE:
    "see that the management interface is attached and its subnet right, and that the instance's metadata options have HttpEndpoint enabled",
  CLOUD_METADATA_SLOW: "nothing, if it answers at last; else see whether the instance is starved or its host ill",
  CLOUD_METADATA_REFUSED:
    "set the instance's metadata options to HttpEndpoint enabled and HttpTokens required; no proxy may stand between",
  CLOUD_METADATA_INCOMPLETE: "nothing, while the instance is being set up; if it stays so, stop and start the instance",
  CLOUD_METADATA_BAD: "stop and start the instance; if it stays so, ask the cloud's support",
  BOOT_USER_DATA_ABSENT: "stop the instance, give it user data as pcg-user-data(5) describes, start it",
  BOOT_USER_DATA_UNREADABLE: "stop the instance, mend its user data as pcg-user-data(5) describes, start it",
  BOOT_USER_DATA_REFUSED: "stop the instance, mend these fields as pcg-user-data(5) describes, start it",
  BOOT_FILE_UNWRITABLE: "make room on the disk, or enlarge it; pcg-boot diagnosis shows how much is left",
  BOOT_COMMAND_FAILED: "see journalctl -u pcg-boot",
  BOOT_NO_LOCKDOWN: "see systemctl status pcg-lockdown; nothing is started before it can be loaded",
  BOOT_OTHER_MACHINE: "mend what keeps the metadata service from answering: what was written last is of no use here",
  ENROL_UNREACHABLE: "see that the managers run, and that security groups and routes let management reach them on 443",
  ENROL_WRONG_AUTHORITY:
    "set manager.pin in the user data to what the manager says its pin is, or manager.urls to the right one",
  ENROL_REFUSED:
    "see the manager's log; with aws: true, have it list this instance (nsx-manager put /enrolment/aws/gateways/NAME FILE)",
  ENROL_TOKEN_REFUSED:
    "a machine that replaces another needs a token of its own: stop the instance, put a new one (nsx-manager join gateway NAME) in its user data, start it; or write manager.aws: true there in place of token, and have the manager list the instance (nsx-manager put /enrolment/aws/gateways/NAME FILE)",
  ENROL_BAD_ANSWER: "see that manager.urls leads to a manager, and of this version",
  ENROL_TOO_OFTEN: "nothing; it is tried again later",
};

/** A failure as a problem: the text is its meaning and its facts. */
export function problemOf(error: unknown, fallback: ErrorCode = "BOOT_COMMAND_FAILED"): Problem {
  const code = error instanceof PcgError ? error.code : fallback;
  const what = error instanceof PcgError ? said(error) : `${meaningOf(code)}: ${messageOf(error)}`;
  return { code, what, remedy: remedies[code] ?? "see journalctl -u pcg-boot" };
}

function said({ code, detail }: PcgError): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name} ${plain(value)}`);
  return facts.length === 0 ? meaningOf(code) : `${meaningOf(code)}: ${facts.join(", ")}`;
}

const plain = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(plain).join("; ");
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "unknown");
};
