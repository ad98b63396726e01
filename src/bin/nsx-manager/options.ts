import { PcgError } from "../../base/error.ts";

/** What `nsx-manager run` is told. */
export interface RunOptions {
  readonly store: string;
  readonly state: string;
  /** HOST:PORT of the API. */
  readonly listen: string;
  /** HOST:PORT for gateways. */
  readonly controller: string;
  /** Names and addresses under which others look for this manager. */
  readonly name: readonly string[];
  /** By which gateways know their controller. */
  readonly id: string;
}

/** What its other commands are told, which ask a manager that runs. */
export interface AskOptions {
  readonly url: string;
  readonly token: string;
  readonly authority: string;
}

/** Where a server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Of HOST:PORT. @throws CONFIG_REFUSED */
export function endpointOf(option: string, text: string): Endpoint {
  const [, host = "", port = ""] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== "" && Number(port) < 65_536) return { host, port: Number(port) };
  throw new PcgError("CONFIG_REFUSED", { field: `--${option}`, value: text, why: "must be HOST:PORT" });
}
