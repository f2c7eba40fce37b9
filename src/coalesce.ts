/**
 * Single-flight: calls for the same key join the one that is under way, so that any number of callers costs one call.
 * The model is Go's `golang.org/x/sync/singleflight`.
 *
 * Two layers. `singleFlight` joins the callers of this process. `overGateways` makes the call that they share at one of
 * several gateways, by a lease. Where both are needed, the call that `singleFlight` starts is one of `overGateways`.
 */
import type { AcquiredLease, HeldLease, Lease, LeaseRequest, Leases } from './leases.ts';
import type { Clock } from './time.ts';

/** The calls under way in this process, at most one for each key. */
export interface SingleFlight<Call> {
  /** The call under way for `key`, if there is one. */
  get(key: string): Call | undefined;
  /**
   * Joins the call under way for `key`, or else starts one. A call is removed when it settles, before its callers learn
   * of it: a caller that asks again starts a new call. If `start` throws, nothing is under way.
   */
  join(key: string, start: () => Call): Call;
  /** The next caller starts a new call. The one under way continues for its callers. */
  forget(key: string): void;
  /** How many calls are under way. */
  size(): number;
  calls(): Call[];
  /** Resolves when no call is under way. Never rejects. */
  idle(): Promise<void>;
}

/** @param endOf settles when the call has ended; not needed for calls that are plain promises */
export function singleFlight<Result>(): SingleFlight<Promise<Result>>;
export function singleFlight<Call>(endOf: (call: Call) => Promise<unknown>): SingleFlight<Call>;
export function singleFlight<Call>(
  endOf = (call: Call) => call as Promise<unknown>,
): SingleFlight<Call> {
  const underWay = new Map<string, Call>();
  return {
    get: (key) => underWay.get(key),
    join(key, start) {
      const joined = underWay.get(key);
      if (joined !== undefined) return joined;
      const call = start();
      underWay.set(key, call);
      const remove = () => {
        if (underWay.get(key) === call) underWay.delete(key);
      };
      // With both handlers, a call that fails is removed too, and its rejection is left to its callers.
      endOf(call).then(remove, remove);
      return call;
    },
    forget: (key) => void underWay.delete(key),
    size: () => underWay.size,
    calls: () => [...underWay.values()],
    async idle() {
      while (underWay.size > 0) await Promise.allSettled([...underWay.values()].map(endOf));
    },
  };
}

/** A call that one of several gateways makes for all. */
export interface SharedCall<Result> extends Pick<LeaseRequest, 'appId' | 'work'> {
  /** See LeaseRequest. Read before each attempt, since later callers may have joined. */
  askedAt(): number;
  /** Makes the call here. `lease` is undefined if leases cannot be had. */
  perform(lease: AcquiredLease | undefined): Promise<Result>;
  /** What other gateways get of the result; undefined if one of them should make the call again. */
  encode(result: Result): Buffer | undefined;
  /** The result of another gateway's call; undefined if this gateway cannot use it and has to make the call again. */
  decode(encoded: Buffer): Promise<Result | undefined> | Result | undefined;
  /** Called when another gateway makes the call. */
  onHeld?(lease: HeldLease): void;
  /** How long the result answers later calls, too, milliseconds. Default 0. */
  readonly reuseMs?: number;
}

/**
 * Makes a call, or waits for the result of the gateway that is making it. If that gateway is lost, this one takes over. If
 * leases cannot be had, every gateway makes its own call: a call too many is better than none. Rejects only as `perform`,
 * `encode` and `decode` do.
 */
export async function overGateways<Result>(
  leases: Pick<Leases, 'acquire'>,
  clock: Pick<Clock, 'now'>,
  call: SharedCall<Result>,
): Promise<Result> {
  let notBefore = -Infinity;
  for (;;) {
    const askedAt = Math.max(call.askedAt(), notBefore);
    const lease = await acquired(leases, { appId: call.appId, work: call.work, askedAt });
    if (lease?.kind !== 'held') return performWith(lease, call);
    call.onHeld?.(lease);
    const encoded = await lease.result;
    const result = encoded && (await call.decode(encoded));
    if (result !== undefined) return result;
    // A result that is of no use must not be handed out again. For a call that was lost, another gateway may have made
    // a new one already, whose result will do.
    if (encoded !== undefined) notBefore = clock.now();
  }
}

async function acquired(
  leases: Pick<Leases, 'acquire'>,
  request: LeaseRequest,
): Promise<Lease | undefined> {
  try {
    return await leases.acquire(request);
  } catch {
    // The store reports its failures itself.
    return undefined;
  }
}

async function performWith<Result>(
  lease: AcquiredLease | undefined,
  call: SharedCall<Result>,
): Promise<Result> {
  let encoded: Buffer | undefined;
  try {
    const result = await call.perform(lease);
    encoded = call.encode(result);
    return result;
  } finally {
    try {
      await lease?.release(encoded, call.reuseMs);
    } catch {
      // A lease that cannot be released expires.
    }
  }
}
