import { printableJson, printableLines } from "./printable.ts";

/*
 * What programs say to the terminal they were called from. Much of it comes from strangers (names, answers, errors of
 * parsers that quote their input), so nothing reaches a terminal but by these functions and the log.
 */

/** Text for standard output, which ends its last line. */
export const print = (text: string): void => void process.stdout.write(`${printableLines(text)}\n`);

/** A value for standard output, as JSON of several lines. */
export const printJson = (value: unknown): void => void process.stdout.write(`${printableJson(value, 2)}\n`);

/** Text for standard error, which ends its last line. */
export const complain = (text: string): void => void process.stderr.write(`${printableLines(text)}\n`);
