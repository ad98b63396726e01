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

/**
 * Says at most `most` lines per text in each `periodMs`; when the period is over, one more says how many there were in
 * all. For what is no fault, and can still be caused as often as strangers like.
 */
export function limitedNotes(log: Log, clock: Clock, { most = 10, periodMs = 60_000 } = {}) {
  const counts = new Map<string, number>();
  const end = (text: string) => {
    const times = counts.get(text) ?? 0;
    counts.delete(text);
    if (times > most) log.info(`${text} (more of the same)`, { times, seconds: periodMs / 1000 });
  };
  return (text: string, facts: Facts = {}): void => {
    const times = counts.get(text) ?? 0;
    if (times === 0) clock.after(periodMs, () => end(text));
    counts.set(text, times + 1);
    if (times < most) log.info(text, facts);
  };
}
