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
