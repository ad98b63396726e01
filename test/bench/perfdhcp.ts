/** What perfdhcp says of one kind of exchange. */
interface ExchangeCount {
  readonly sent: number;
  readonly received: number;
  readonly drops: number;
}

export interface PerfdhcpResult {
  readonly discoverOffer: ExchangeCount;
  readonly requestAck: ExchangeCount;
}

/** Reads perfdhcp's closing statistics. @throws Error when there are none */
export function parsePerfdhcp(text: string): PerfdhcpResult {
  const section = (title: string): ExchangeCount => {
    const [, body = ""] = text.split(`***Statistics for: ${title}***`);
    const number = (label: string) => Number(new RegExp(`^${label}: (\\d+)`, "m").exec(body)?.[1] ?? Number.NaN);
    const count = { sent: number("sent packets"), received: number("received packets"), drops: number("drops") };
    if (Object.values(count).some(Number.isNaN)) throw new Error(`perfdhcp: ${text.trim().slice(-300)}`);
    return count;
  };
  return { discoverOffer: section("DISCOVER-OFFER"), requestAck: section("REQUEST-ACK") };
}

/** Whether the rate asked for was reached and every question was answered. */
export const isClean = ({ discoverOffer, requestAck }: PerfdhcpResult, asked: number): boolean =>
  discoverOffer.drops === 0 && requestAck.drops === 0 && discoverOffer.sent >= asked * 0.97;
