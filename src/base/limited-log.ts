import type { Clock } from "./clock.ts";
import type { Facts, Log } from "./log.ts";

/**
 * Says at most `most` lines per text in each `periodMs`, and afterwards how many it kept back.
 * For what strangers can cause as often as they like.
 */
export function limitedWarnings(log: Log, clock: Clock, { most = 5, periodMs = 60_000 } = {}) {
  const spans = new Map<string, { since: number; said: number; kept: number }>();
  return (text: string, facts: Facts = {}): void => {
    const now = clock.now();
    let span = spans.get(text);
    if (!span || now - span.since >= periodMs) {
      if (span && span.kept > 0) log.warn(`${text} (more of the same)`, { kept: span.kept });
      span = { since: now, said: 0, kept: 0 };
      spans.set(text, span);
    }
    if (span.said < most) {
      span.said++;
      log.warn(text, facts);
    } else span.kept++;
  };
}
