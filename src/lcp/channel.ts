/** A connection to one other end, which both know by its certificate. Messages arrive in order, or it closes. */
export interface Channel {
  send(text: string): void;
  /** Bytes that the other end has not taken yet. */
  buffered(): number;
  /** @param reason for the other end and the log */
  close(reason: string): void;
}

/** What happens on it. */
export interface ChannelEvents {
  opened(): void;
  message(text: string): void;
  /** There is room again after `buffered()` was high. */
  drained(): void;
  /** Once, at its end, whoever ended it; also when it could not be opened. */
  closed(reason: string): void;
}
