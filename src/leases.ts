/** The right to make a call for all gateways on the same store. `overGateways` in `coalesce.ts` is how to use it. */
export interface Leases {
  /**
   * Acquires the lease for a call, or finds out who holds it. Rejects if the store fails, and after `stop`: then the call
   * may be made without a lease.
   */
  acquire(request: LeaseRequest): Promise<Lease>;
  /** Stops waiting for the calls of other gateways. */
  stop(): void;
}

export interface LeaseRequest {
  readonly appId: string;
  readonly work: 'list' | 'list-cache' | 'online';
  /**
   * When the call was asked for: a result that another call came to since then will do. Milliseconds since the epoch, by
   * the clock of the store.
   */
  readonly askedAt: number;
}

export type Lease = AcquiredLease | HeldLease;

/** This gateway makes the call. */
export interface AcquiredLease {
  readonly kind: 'acquired';
  /** Tells the waiting gateways that the store has something for them before the result. */
  announce(): void;
  /**
   * Ends the lease with the result of the call. Without a result, the next gateway that needs one makes the call again.
   * Never rejects.
   *
   * @param reuseMs how long the result answers later requests, too, milliseconds
   */
  release(result: Buffer | undefined, reuseMs?: number): Promise<void>;
}

/** Another gateway makes the call, or has made it since it was asked for. */
export interface HeldLease {
  readonly kind: 'held';
  /** When the lease was acquired, milliseconds since the epoch, by the clock of the store. */
  readonly since: number;
  /** Resolves with the first announcement; stays pending if there is none. */
  readonly announced: Promise<void>;
  /** The result of the call; undefined if its gateway was lost, or the store cannot be asked. Never rejects. */
  readonly result: Promise<Buffer | undefined>;
}

/** For a single gateway, which always acquires the lease. */
export const localLeases: Leases = {
  acquire: async () => ({
    kind: 'acquired',
    announce: () => undefined,
    release: async () => undefined,
  }),
  stop: () => undefined,
};
