/** What both ends of a socket keep to. */

/** Milliseconds between the server's pings, and after which a silent other end is gone. */
export const PING_MS = 15_000;
export const SILENT_MS = 45_000;

/**
 * What a connection is for, by the path of its URL: whoever opens it is told state, or comes to report and is the source
 * then.
 */
export const STATE_PATH = "/";
export const REPORTS_PATH = "/reports";

/** As people write it. */
export const addressOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `${host}:${port}`;

/** Bytes of a message, at most. A receiver's longest says its digest; a source's is as long as the protocol allows. */
export const MOST_BYTES = { receiver: 256 * 1024, source: 3 * 512 * 1024 } as const;

/** For the TLS and WebSocket handshakes together. */
export const HANDSHAKE_MS = 10_000;

/** How long a polite end may take before the connection is torn down. */
export const FAREWELL_MS = 2_000;

/** WebSocket close codes, RFC 6455 §7.4.1: the other end broke a rule. */
export const POLICY_VIOLATION = 1008;

/** A close frame has room for so many bytes of reason (RFC 6455 §5.5). */
export function reasonFor(text: string): string {
  let reason = text.slice(0, 123);
  while (Buffer.byteLength(reason) > 123) reason = reason.slice(0, -1);
  return reason;
}
