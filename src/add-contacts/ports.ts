import type { Attempt, QuotaRule, QuotaUsage } from './rules.ts';

export type Charge =
  | {
      readonly kind: 'charged';
      readonly attemptId: string;
      readonly usage: readonly QuotaUsage[];
    }
  | {
      readonly kind: 'refused';
      /** When it was decided, milliseconds since the epoch. */
      readonly at: number;
      readonly rule: QuotaRule;
      /** Milliseconds since the epoch. */
      readonly retryAt: number;
      readonly usage: readonly QuotaUsage[];
    };

/** An attempt that is to be charged now. */
export type NewAttempt = Omit<Attempt, 'at'>;

/**
 * What every account has been charged. A store that fails rejects; addContacts is then refused. The time is the
 * engine's: gateways that share one decide alike, whatever their own clocks say.
 */
export interface Ledger {
  /**
   * Decides by `rules` and charges, as one step that no other charge can come between. `usage` is as it
   * stands afterwards. A refusal costs nothing. When this resolves, the charge survives a crash.
   */
  charge(appId: string, attempt: NewAttempt, rules: readonly QuotaRule[]): Promise<Charge>;
  /** Takes one charge back, where the upstream provably never got the request. Unknown ids are ignored. */
  refund(appId: string, attemptId: string): Promise<void>;
  /** How `rules` stand, charging nothing. */
  usage(
    appId: string,
    rules: readonly QuotaRule[],
    target: string | undefined,
  ): Promise<QuotaUsage[]>;
}

/**
 * Attempts older than this may be dropped. Twice the longest window that a policy can have: a clock that ran ahead for up
 * to a week, and was set back, finds again what it has to count. Milliseconds.
 */
export const LEDGER_RETENTION_MS = 14 * 24 * 3_600_000;

/** Since when one account is online, by each kind of evidence. Instants are milliseconds since the epoch. */
export interface AccountRecord {
  readonly appId: string;
  /** Said by an operator through the admin API. */
  readonly declaredOnlineSince: number | undefined;
  /** The first time that the upstream answered `ret` 200 for it. */
  readonly firstSeenAt: number | undefined;
}

/** The clocks of accounts, as addContacts needs them. */
export interface AccountClocks {
  find(appId: string): Promise<AccountRecord | undefined>;
  /** Starts the clock of an account that has none; an account that has one keeps it. */
  seen(appId: string, at: number): Promise<void>;
}

/** The clocks of accounts, as an operator changes them. */
export interface AccountRegister extends AccountClocks {
  declare(appId: string, onlineSince: number): Promise<void>;
  /** Takes the declaration back; what was seen stays. Whether there was one. */
  withdraw(appId: string): Promise<boolean>;
  /** In the order of appId (by code unit), those after `after`, at most `limit`. */
  list(after: string | undefined, limit: number): Promise<AccountRecord[]>;
}

export type Begin =
  /** The key is new (or has expired): the caller now owns it and must finish or abandon it. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'in-progress' }
  /** Its owner's lease ran out without an answer: nobody knows what became of the request. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'finished'; readonly answer: Buffer };

/** `id` is a hash that has all in it by which keys differ, the account too. */
export interface IdempotencyKey {
  readonly appId: string;
  readonly id: string;
}

/** The first answers to requests with an Idempotency-Key. */
export interface IdempotencyStore {
  /**
   * Claims `key` for a request with this `fingerprint`, as one step. A key seen before with another fingerprint is
   * a mismatch, whatever became of it.
   */
  begin(
    key: IdempotencyKey,
    fingerprint: string,
    times: { readonly now: number; readonly leaseUntil: number; readonly expiresAt: number },
  ): Promise<Begin>;
  /** Keeps the answer until the expiry given to `begin`. */
  finish(key: IdempotencyKey, answer: Buffer): Promise<void>;
  /** Frees the key: the request was not carried out. */
  abandon(key: IdempotencyKey): Promise<void>;
}
