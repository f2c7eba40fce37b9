import type { NewAttemptEntry } from '../history/ports.ts';
import type { Attempt, QuotaRule, QuotaUsage } from './rules.ts';

export type Charge =
  | {
      readonly kind: 'charged';
      readonly attemptId: string;
      /** Of the entry in the journal. */
      readonly entryId: string;
      readonly usage: readonly QuotaUsage[];
    }
  | {
      readonly kind: 'refused';
      /** The time of the decision, milliseconds since the epoch. */
      readonly at: number;
      readonly rule: QuotaRule;
      /** Milliseconds since the epoch. */
      readonly retryAt: number;
      readonly usage: readonly QuotaUsage[];
    };

export type Charged = Extract<Charge, { kind: 'charged' }>;

/** An attempt to be charged now. */
export type NewAttempt = Omit<Attempt, 'at'>;

/**
 * The charges of all accounts. If the store fails, calls reject, and addContacts is refused. The time is the engine's, so
 * that gateways on one engine decide in the same way even if their own clocks differ.
 */
export interface Ledger {
  /**
   * Decides by `rules` and charges, as one step: no other charge comes in between. The result has the usage after that. A
   * refusal costs nothing. Once this has resolved, the charge survives a crash.
   *
   * @param entry is written to the journal as pending, in the same transaction as the charge
   */
  charge(
    appId: string,
    attempt: NewAttempt,
    rules: readonly QuotaRule[],
    entry: NewAttemptEntry,
  ): Promise<Charge>;
  /**
   * Takes a charge back, after a request that provably never reached the upstream, and completes its entry as returned.
   * Unknown ids are ignored.
   */
  refund(appId: string, charged: Pick<Charged, 'attemptId' | 'entryId'>): Promise<void>;
  /** The current usage of `rules`. Charges nothing. */
  usage(
    appId: string,
    rules: readonly QuotaRule[],
    target: string | undefined,
  ): Promise<QuotaUsage[]>;
}

/**
 * Attempts older than this may be dropped, milliseconds. It is twice the longest window that a policy can have: if a
 * clock ran up to a week ahead and was set back, everything that it must count is still there.
 */
export const LEDGER_RETENTION_MS = 14 * 24 * 3_600_000;

/** Since when an account is online, from both sources. Instants are milliseconds since the epoch. */
export interface AccountRecord {
  readonly appId: string;
  /** Declared by an operator through the admin API. */
  readonly declaredOnlineSince: number | undefined;
  /** The first time that the upstream answered `ret` 200 for it. */
  readonly firstSeenAt: number | undefined;
}

/** The accounts' clocks, as addContacts needs them. */
export interface AccountClocks {
  find(appId: string): Promise<AccountRecord | undefined>;
  /** Starts the clock of an account that has none; an account that has one keeps it. */
  seen(appId: string, at: number): Promise<void>;
}

/** The accounts' clocks, as an operator changes them. */
export interface AccountRegister extends AccountClocks {
  declare(appId: string, onlineSince: number): Promise<void>;
  /** Removes the declaration, if there is one, and keeps `firstSeenAt`. Resolves to whether there was one. */
  removeDeclaration(appId: string): Promise<boolean>;
  /** At most `limit` records, those after `after`, in the order of appId (by code unit). */
  list(after: string | undefined, limit: number): Promise<AccountRecord[]>;
}

export type AcquireResult =
  /** The key is new or has expired. The caller now holds it, and must complete or release it. */
  | { readonly kind: 'acquired' }
  | { readonly kind: 'in-progress' }
  /** The lease of its holder expired without an answer: the outcome of the request is unknown. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'completed'; readonly answer: Buffer };

/** `id` is a hash of everything by which keys differ, including the account. */
export interface IdempotencyKey {
  readonly appId: string;
  readonly id: string;
}

/** The first answers to requests with an Idempotency-Key. */
export interface IdempotencyStore {
  /**
   * Acquires `key` for a request with this `fingerprint`, as one step. A key that came with another fingerprint before is a
   * mismatch, whatever its outcome.
   */
  acquire(
    key: IdempotencyKey,
    fingerprint: string,
    times: { readonly now: number; readonly leaseUntil: number; readonly expiresAt: number },
  ): Promise<AcquireResult>;
  /** Keeps the answer until the expiry given to `acquire`. */
  complete(key: IdempotencyKey, answer: Buffer): Promise<void>;
  /** Frees the key: the request was not carried out. */
  release(key: IdempotencyKey): Promise<void>;
}
