import Type from "typebox";
import { type ErrorCode, meaningOf, PcgError } from "../../base/error.ts";

const Detail = Type.Object({
  field: Type.Optional(Type.String({ description: "Where, such as subnets[0].gateway_address." })),
  value: Type.Optional(Type.Unknown({ description: "What it is." })),
  error_message: Type.String({ description: "What is wrong with it." }),
});

/** What is answered instead of what was asked for. */
export const Failure = Type.Object(
  {
    httpStatus: Type.String({ description: "The status in words.", examples: ["BAD_REQUEST"] }),
    error_code: Type.Optional(Type.Integer({ description: "NSX's number for it, where it has one." })),
    error_message: Type.String({ description: "For people." }),
    module_name: Type.Literal("policy"),
    code: Type.String({ description: "For programs.", examples: ["MANAGER_BAD_REQUEST"] }),
    field: Type.Optional(Type.String({ description: "The field it is about: the first, where there are several." })),
    value: Type.Optional(Type.Unknown({ description: "What that field is." })),
    details: Type.Array(Detail, { description: "Everything that is wrong, one a field." }),
    hint: Type.Optional(Type.String({ description: "What to do about it." })),
    reference: Type.Optional(Type.String({ description: "By which the manager's log has more about it." })),
  },
  { description: "What is wrong, for people and programs." },
);
export type Failure = Type.Static<typeof Failure>;

interface Row {
  readonly status: number;
  readonly errorCode?: number;
  readonly hint?: string;
}

/** What of our errors whoever asks may be told. Others are ours alone. */
const rows: Partial<Record<ErrorCode, Row>> = {
  MANAGER_BAD_REQUEST: { status: 400 },
  MANAGER_REFUSED: { status: 400 },
  MANAGER_UNKNOWN_CALLER: { status: 401, hint: "send Authorization: Bearer and a token that is good" },
  MANAGER_DENIED: { status: 403 },
  MANAGER_NOT_FOUND: { status: 404, errorCode: 500_012 },
  MANAGER_CONFLICT: { status: 409, errorCode: 604, hint: "read it again, and repeat the change on that" },
  MANAGER_IN_USE: { status: 409, errorCode: 500_030, hint: "change or remove what refers to it first" },
  MANAGER_PRECONDITION: { status: 412, errorCode: 604, hint: "read it again, and repeat the change on that" },
  MANAGER_TOO_LARGE: { status: 413, hint: "send it in several parts" },
  MANAGER_NOT_JSON: { status: 415, hint: "send Content-Type: application/json, without Content-Encoding" },
  MANAGER_TOO_FAST: { status: 429, hint: "come again after the seconds that Retry-After says" },
  MANAGER_STORE: { status: 503, hint: "come again later; the manager's log says what is wrong" },
};

/** By status, as NSX writes them. */
const words: Readonly<Record<number, string>> = {
  400: "BAD_REQUEST",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  409: "CONFLICT",
  412: "PRECONDITION_FAILED",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
  500: "INTERNAL_SERVER_ERROR",
  503: "SERVICE_UNAVAILABLE",
};

/** All statuses of failures there are. */
export const failureStatuses: readonly number[] = Object.keys(words).map(Number);

export const statusWord = (status: number): string => words[status] ?? "INTERNAL_SERVER_ERROR";

export interface Answered {
  readonly status: number;
  readonly body: Failure;
  /** Undefined: the time does not matter. */
  readonly retryAfterSeconds?: number;
  /** Nobody outside is told what it was: the log has to say it, under the reference. */
  readonly isOurs: boolean;
}

/** @param reference by which the log and the answer are known to belong together */
export function failureOf(error: unknown, reference: string): Answered {
  const row = error instanceof PcgError ? rows[error.code] : undefined;
  if (!(error instanceof PcgError) || !row) return ours(reference);
  const { status, errorCode, hint } = row;
  const isOurs = status >= 500;
  const detail = isOurs ? {} : error.detail;
  const { hint: ownHint = hint, retryAfterMs } = detail;
  const body: Failure = {
    httpStatus: statusWord(status),
    ...(errorCode === undefined ? {} : { error_code: errorCode }),
    error_message: sentence(error.code, detail),
    module_name: "policy",
    code: error.code,
    ...(typeof detail["field"] === "string" ? { field: detail["field"] } : {}),
    ...valueIn(detail),
    details: detailsIn(detail),
    ...(typeof ownHint === "string" ? { hint: ownHint } : {}),
    ...(isOurs ? { reference } : {}),
  };
  const waits = status === 429 || status === 503;
  return {
    status,
    body,
    isOurs,
    ...(waits ? { retryAfterSeconds: Math.max(1, Math.ceil(Number(retryAfterMs ?? 1_000) / 1_000)) } : {}),
  };
}

const ours = (reference: string): Answered => ({
  status: 500,
  isOurs: true,
  body: {
    httpStatus: statusWord(500),
    error_message: "something went wrong in the manager",
    module_name: "policy",
    code: "MANAGER_FAILED",
    details: [],
    hint: "the manager's log has more under the reference",
    reference,
  },
});

type Facts = Readonly<Record<string, unknown>>;

/** The code's meaning, the object or field, and why. */
function sentence(code: ErrorCode, { path, field, why }: Facts): string {
  const where = [path, field].filter((word) => typeof word === "string" && word !== "").join(" ");
  const reason = typeof why === "string" && why !== meaningOf(code) ? why : "";
  const about = [where, reason].filter((part) => part !== "").join(" ");
  return short(about === "" ? meaningOf(code) : `${meaningOf(code)}: ${about}`, 2_000);
}

/** Each flaw, or each object that refers to the one that was to go. */
function detailsIn({ flaws, by }: Facts): Failure["details"] {
  if (Array.isArray(by)) return by.map((path: unknown) => ({ value: path, error_message: "refers to it" }));
  if (!Array.isArray(flaws)) return [];
  return flaws.map((flaw: unknown) => {
    if (typeof flaw !== "object" || flaw === null) return { error_message: short(String(flaw), 500) };
    const { field, why = "is wrong" } = flaw as Facts;
    return {
      ...(typeof field === "string" ? { field: short(field, 500) } : {}),
      ...valueIn(flaw as Facts),
      error_message: short(String(why), 500),
    };
  });
}

function valueIn({ value }: Facts): { value?: unknown } {
  if (value === undefined || (typeof value === "object" && value !== null)) return {};
  return { value: typeof value === "string" ? short(value, 200) : value };
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);
