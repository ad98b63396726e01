import { formatLine, type Log } from "./log.ts";

/** Lines with the syslog priority prefix journald understands (sd-daemon(3)). */
export const stderrLog: Log = {
  info: (text, facts) => void process.stderr.write(`<6>${formatLine(text, facts)}\n`),
  warn: (text, facts) => void process.stderr.write(`<4>${formatLine(text, facts)}\n`),
  error: (text, facts) => void process.stderr.write(`<3>${formatLine(text, facts)}\n`),
};
