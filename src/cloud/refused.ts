import { PcgError } from "../base/error.ts";

/** What a status means that is neither an answer nor "there is no such thing". */
const whys: Record<number, string> = {
  401: "it takes no token of ours",
  403: "it is switched off, or a proxy is between",
};

/** @param path below `/latest/` */
export function refused(path: string, status: number): PcgError {
  const isVersion1 = path === "api/token" && (status === 404 || status === 405);
  const why = isVersion1 ? "it knows no tokens, and so only version 1" : whys[status];
  return new PcgError("CLOUD_METADATA_REFUSED", { path, status, ...(why && { why }) });
}
