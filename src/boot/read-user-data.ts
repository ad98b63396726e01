import { gunzipSync } from "node:zlib";
import { Compile } from "typebox/compile";
import { messageOf, PcgError } from "../base/error.ts";
import { lazily } from "../base/lazily.ts";
import { readYaml } from "../base/read-yaml.ts";
import { checkWish } from "../dhcp/check-wish.ts";
import { type Flaw, formatFlaw, schemaFlaws } from "../model/flaw.ts";
import { UserData } from "./user-data.ts";

/** EC2 takes no more; docs.aws.amazon.com, EC2 user guide, "Run commands at launch using instance user data". */
const MOST_BYTES = 16 * 1024;
/** What it may unpack to: the wish of some thousand endpoints. */
const MOST_UNPACKED = 1024 * 1024;

const userData = lazily(() => Compile(UserData));

/**
 * What user data says to this appliance: a `#cloud-config` document, packed by gzip or not, of which it reads one key.
 *
 * @throws BOOT_USER_DATA_ABSENT, BOOT_USER_DATA_UNREADABLE, BOOT_USER_DATA_REFUSED with every flaw
 */
export function readUserData(bytes: Uint8Array | undefined): UserData {
  if (!bytes?.length) throw new PcgError("BOOT_USER_DATA_ABSENT");
  if (bytes.length > MOST_BYTES) throw unreadable(`it has ${bytes.length} bytes, ${MOST_BYTES} are allowed`);
  const document = yaml(text(unpacked(bytes)));
  if (!isMapping(document)) throw unreadable("it is no YAML mapping; it must be a #cloud-config document");
  if (!Object.hasOwn(document, "pcg")) throw unreadable("it has no key pcg");
  return checked(document["pcg"]);
}

function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED });
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const why = isBomb ? `unpacked it has more than ${MOST_UNPACKED} bytes` : `it is no good gzip: ${messageOf(error)}`;
    throw unreadable(why, error);
  }
}

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable("it is no UTF-8 text", error);
  }
}

function yaml(document: string): unknown {
  if (document.startsWith("#!")) throw unreadable("it is a script; it must be a #cloud-config document");
  const read = readYaml(document);
  if ("why" in read) throw unreadable(`it is no YAML that is read here: ${read.why}`);
  return read.value;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function checked(pcg: unknown): UserData {
  const form = userData();
  const flaws = form.Check(pcg) ? wholeFlaws(pcg) : schemaFlaws(form, pcg);
  if (flaws.length > 0 || !form.Check(pcg)) throw new PcgError("BOOT_USER_DATA_REFUSED", { flaws: flaws.map(shown) });
  return pcg;
}

/** A token is nobody's to read on a console. */
const shown = (flaw: Flaw): string => {
  const field = flaw.field === "" ? "pcg" : `pcg.${flaw.field}`;
  const { value, ...rest } = flaw;
  return formatFlaw(flaw.field.startsWith("manager.token") ? { ...rest, value: undefined, field } : { ...flaw, field });
};

/** What only the whole can tell. */
function wholeFlaws({ manager, controller, desired, agents }: UserData): Flaw[] {
  const flaw = (field: string, why: string): Flaw => ({ field, value: undefined, why });
  const wishes = desired === undefined ? undefined : checkWish(desired);
  return [
    ...((manager === undefined) === (desired === undefined) ? [flaw("", "give manager or desired, and not both")] : []),
    ...(manager && (manager.token === undefined) === !manager.aws
      ? [flaw("manager", "give token or aws: true, and not both")]
      : []),
    ...(controller && !manager ? [flaw("controller", "needs manager")] : []),
    ...(agents && !manager ? [flaw("agents", "needs manager")] : []),
    ...(wishes?.ok === false ? wishes.flaws.map((f) => ({ ...f, field: `desired.${f.field}` })) : []),
  ];
}

const unreadable = (why: string, cause?: unknown) => new PcgError("BOOT_USER_DATA_UNREADABLE", { why }, cause);
