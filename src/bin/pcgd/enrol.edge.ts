import { readFileSync } from "node:fs";
import { messageOf, PcgError } from "../../base/error.ts";
import { print } from "../../base/terminal.edge.ts";
import { type EnrolWith, nameIn } from "../../lcp/enrol/client.edge.ts";
import { enrolFirst } from "../../lcp/enrol/first-enrolment.edge.ts";
import { instanceProof } from "../../lcp/enrol/instance-metadata.edge.ts";
import { readPin } from "../../lcp/enrol/pin.ts";

interface EnrolOptions {
  readonly manager?: string[];
  readonly pin?: string;
  readonly token?: string;
  readonly aws: boolean;
  readonly metadata: string;
  readonly credentials: string;
}

/** Gets this unit its first certificate, from the first manager that gives one; the others are kept for renewing. */
export async function enrolUnit(options: EnrolOptions): Promise<number> {
  const managers = (options.manager ?? []).map(urlOf);
  const pin = readPin(textOf("pin", options.pin) ?? "");
  if (managers.length === 0) throw bad("manager", "say which, such as https://10.99.250.10");
  if (pin === undefined) throw bad("pin", "must be sha256: and 64 hexadecimal digits");
  const proof = await proofOf(options);
  const credentials = await enrolFirst({ managers, pin, proof, folder: options.credentials });
  print(`enrolled as ${nameIn(credentials)}; credentials are in ${options.credentials}`);
  return 0;
}

async function proofOf({ token, aws, metadata }: EnrolOptions): Promise<EnrolWith["proof"]> {
  if ((token === undefined) === !aws) throw bad("token", "give --token or --aws");
  return token === undefined
    ? { ...(await instanceProof(metadata)), role: "gateway" }
    : { token: textOf("token", token)?.trim() ?? "" };
}

/** What others on the machine should not see among a command's words is in a file: `@FILE`. */
function textOf(option: string, text: string | undefined): string | undefined {
  if (!text?.startsWith("@")) return text;
  try {
    return readFileSync(text.slice(1), "utf8");
  } catch (error) {
    throw new PcgError(
      "CONFIG_UNREADABLE",
      { option: `--${option}`, file: text.slice(1), why: messageOf(error) },
      error,
    );
  }
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") throw bad("manager", `must be an https URL (is ${text})`);
  return url.origin;
}

const bad = (option: string, why: string) => new PcgError("API_BAD_REQUEST", { option: `--${option}`, why });
