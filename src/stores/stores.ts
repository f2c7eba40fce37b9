import type { AccountRegister, IdempotencyStore, Ledger } from '../add-contacts/ports.ts';
import type { KeySetStore } from '../auth/issuers/ports.ts';
import { Refusal } from '../errors.ts';
import type { Clock } from '../time.ts';
import type { SessionStore } from '../auth/ports.ts';
import type { BreakerStore } from '../contacts-list/breaker.ts';
import type { ListIndex, ListStore } from '../contacts-list/ports.ts';
import type { HistoryStore } from '../history/ports.ts';
import type { ClientRate } from '../steps/limit-client.ts';
import type { Leases } from '../leases.ts';

/** Everything that one engine keeps, opened and closed together. */
export interface Stores {
  /** The engine counts by this clock, so the whole gateway uses it. */
  readonly clock: Clock;
  readonly lists: ListStore;
  readonly listIndex: ListIndex;
  readonly history: HistoryStore;
  readonly ledger: Ledger;
  readonly accounts: AccountRegister;
  readonly idempotency: IdempotencyStore;
  readonly sessions: SessionStore;
  readonly issuerKeys: KeySetStore;
  readonly leases: Leases;
  /** Undefined if only one process can use the engine: it keeps these in memory. */
  readonly breaker: BreakerStore | undefined;
  readonly clientRate: ClientRate | undefined;
  /** Reasons why the engine may forget quotas, as far as they are known now. */
  warnings(): readonly StoreWarning[];
  /** Rejects if the engine takes no write now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The store works, but may forget quotas. Its operator should change its settings. */
export type StoreWarning =
  | 'store-may-evict'
  | 'store-forgets-on-restart'
  /** Whether it does either is unknown, because it does not answer INFO. */
  | 'store-does-not-tell'
  /** It was restored from a backup, and what was charged since that backup counts as used up. */
  | 'quotas-blocked-after-restore';

/** Events of an engine outside the process. */
export interface StoreEvents {
  /** It does not answer, or takes no writes. `why` has no secret in it. */
  onAway(why: Error): void;
  onBack(): void;
  /** @param until when it ends by itself, milliseconds since the epoch; undefined if it does not */
  onWarning(warning: StoreWarning, until?: number): void;
}

/** The shared parts, for an engine that only one process can use. */
export const UNSHARED = { breaker: undefined, clientRate: undefined, warnings: () => [] } as const;

/** The store cannot be used as it was found at start. Nothing in it was changed. */
export class StoreOpenError extends Error {
  readonly problem: string;

  /**
   * @param place the path, or the kind of URL; never a whole URL, which may contain a password
   * @param problem what is wrong
   * @param remedy what the operator can do
   */
  constructor(place: string, problem: string, remedy: string, cause?: unknown) {
    super(
      `Cannot open the store ${place}: ${problem}. ${remedy}.`,
      cause === undefined ? {} : { cause },
    );
    this.name = 'StoreOpenError';
    this.problem = problem;
  }
}

/** A command cannot do what it was asked to do with these stores and files. Nothing was changed. */
export class StoreCommandError extends Error {
  /**
   * @param problem what is wrong; with no secret in it
   * @param remedy what the operator can do
   */
  constructor(problem: string, remedy: string, cause?: unknown) {
    super(`${problem}. ${remedy}.`, cause === undefined ? {} : { cause });
    this.name = 'StoreCommandError';
  }
}

/**
 * The same port, with every failure turned into a refusal: a request that cannot be counted is not sent. `onError` gets the
 * reason.
 */
export function orUnavailable<Port extends object>(
  port: Port,
  onError: (error: unknown) => void,
): Port {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        try {
          return (await Reflect.apply(member, target, args)) as unknown;
        } catch (cause) {
          onError(cause);
          throw new Refusal(
            'store-unavailable',
            'The gateway cannot use its store. Nothing was sent to the upstream; try again later.',
            { headers: { 'Retry-After': '5' }, cause },
          );
        }
      };
    },
  });
}
