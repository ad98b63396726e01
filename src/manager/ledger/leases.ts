/** Who may act for all, and until when. */
export interface Lease {
  /**
   * Grows by one each time it is taken anew, by whomever, and not when it is prolonged: what an earlier holder asks for
   * late can be told.
   */
  readonly epoch: number;
  readonly holder: string;
  /** Milliseconds since 1970, by this machine's clock, and never later than the store's own end of it. 0: long ago. */
  readonly expiresAt: number;
}

/** Leases that all managers over one store agree on. */
export interface Leases {
  /**
   * Takes the lease if nobody has it, or prolongs it for its holder.
   *
   * @param ttlMs a store may give more, not less
   * @returns whose it is afterwards @throws MANAGER_STORE
   */
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease>;
  /** Gives it up, if it is still this holder's of this epoch. @throws MANAGER_STORE */
  release(name: string, lease: Pick<Lease, "holder" | "epoch">): Promise<void>;
  /** Undefined: nobody ever had it. It may have expired. @throws MANAGER_STORE */
  read(name: string): Promise<Lease | undefined>;
}
