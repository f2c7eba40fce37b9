/** What happened, for operators: attempts to add people, operators' changes, fetches of lists, requests of clients. */
import type { RefusalCode } from '../errors.ts';

/** A part of a history, newest first. */
export interface Page {
  /** The id of the last entry of the page before; undefined for the newest. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** What ids of entries look like in all engines. They grow with time. */
export const ENTRY_ID = /^\d{1,16}$/;

/** Who wanted to do what. */
export interface AttemptFacts {
  readonly appId: string;
  readonly client: string;
  /** For whom a session or token was issued. */
  readonly subject: string | undefined;
  /** GEWE's number: 2 add, 3 accept, 4 reject. */
  readonly option: 2 | 3 | 4;
  /** A short digest of `v3`: the same person has the same one. */
  readonly target: string;
  readonly requestId: string;
}

/** What came of an attempt. */
export type AttemptOutcome =
  /** GEWE's `ret`; undefined if its answer had none. */
  | { readonly kind: 'sent'; readonly ret: number | undefined }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly rule: string | undefined }
  /** The upstream provably never got it, and its charge was taken back. */
  | { readonly kind: 'returned' }
  /** The upstream may have carried it out. */
  | { readonly kind: 'unknown' };

/** An attempt that is about to be sent. */
export interface NewAttemptEntry extends AttemptFacts {
  /** How long its outcome may take, milliseconds. After that it counts as unknown. */
  readonly deadlineMs: number;
}

/** An addContacts that was decided. Instants are milliseconds since the epoch. */
export interface AttemptEntry extends AttemptFacts {
  /** Grows with time within an account. */
  readonly id: string;
  readonly at: number;
  readonly outcome:
    | AttemptOutcome
    /** Reads as unknown after `until`. */
    | { readonly kind: 'pending'; readonly until: number };
  /** How many refusals are counted in it; 1 for any other entry. */
  readonly count: number;
}

/** Refusals of one account, client, subject, code and rule in one minute. The facts are those of the first. */
export interface CountedRefusal extends AttemptFacts {
  /** The first of them, milliseconds since the epoch. */
  readonly at: number;
  readonly code: RefusalCode;
  readonly rule: string | undefined;
  readonly count: number;
}

/** Every addContacts that was decided. That of a charge is written by `Ledger.charge`, in the same transaction. */
export interface AttemptJournal {
  /** Writes the entry of an attempt that is not charged, as pending. Resolves to its id. */
  begin(entry: NewAttemptEntry): Promise<string>;
  /** Ends a pending entry. One that is not pending any more stays as it is; unknown ids are ignored. */
  complete(appId: string, id: string, outcome: AttemptOutcome): Promise<void>;
  /** Adds to the entries of their minutes, all or nothing. */
  addRefusals(refusals: readonly CountedRefusal[]): Promise<void>;
  attempts(appId: string, page: Page): Promise<AttemptEntry[]>;
}

/** A change that an operator made to an account. */
export interface AdminAction {
  readonly appId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How the operator signed in, and the name given, if any. */
  readonly who: string;
  readonly what: 'declared' | 'withdrawn' | 'list-forgotten' | 'list-refreshed';
  /** What was there before and after, as a person reads it; undefined for nothing. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly requestId: string;
}

/** A change as it was kept. Its id grows with time within an account. */
export type KeptAction = AdminAction & { readonly id: string };

/** A part of the changes of all accounts, newest first. */
export interface ActionsPage {
  /** The last change of the page before; undefined for the newest. */
  readonly after: Pick<KeptAction, 'appId' | 'id'> | undefined;
  readonly limit: number;
}

export interface ActionJournal {
  addAction(action: AdminAction): Promise<void>;
  actions(appId: string, page: Page): Promise<KeptAction[]>;
  allActions(page: ActionsPage): Promise<KeptAction[]>;
}

/** One call that fetched an account's list. */
export interface ListFetch {
  readonly appId: string;
  /** When it ended, milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  /** `list` for a good list, `other` for GEWE's error, `no-list` for `ret` 200 without a good list. */
  readonly outcome:
    | 'list'
    | 'other'
    | 'no-list'
    | 'timeout'
    | 'unreachable'
    | 'invalid'
    | 'token-rejected'
    | 'aborted';
  /** Of the list; undefined if none came. */
  readonly bytes: number | undefined;
  readonly friends: number | undefined;
  readonly chatrooms: number | undefined;
  readonly ghs: number | undefined;
  readonly requestId: string;
}

/** The last fetches of each account. */
export interface FetchHistory {
  addFetches(fetches: readonly ListFetch[]): Promise<void>;
  /** At most `FETCHES_KEPT`, newest first. */
  fetches(appId: string): Promise<ListFetch[]>;
}

export const FETCHES_KEPT = 20;

/** The last of what happened to an account. Instants are milliseconds since the epoch. */
export interface AccountActivity {
  readonly appId: string;
  /** The last addContacts that was decided, refused ones included. */
  readonly lastAttemptAt: number | undefined;
  /** The day (UTC, days since the epoch) of the last refusal, and how many there were on that day. */
  readonly refused: { readonly day: number; readonly count: number } | undefined;
  readonly lastFetch: Pick<ListFetch, 'at' | 'durationMs' | 'outcome'> | undefined;
}

export interface ActivityIndex {
  /** At most `limit` accounts after `after`, in the order of appId (by code unit). */
  activity(after: string | undefined, limit: number): Promise<AccountActivity[]>;
}

/** Requests of a client with one result in one bucket of time. */
export interface ClientCount {
  readonly client: string;
  /** The code of the refusal; `ok` for an answer, `left` if the caller left before it. */
  readonly code: string;
  /** The beginning of the bucket, a multiple of `COUNT_BUCKET_MS`, milliseconds since the epoch. */
  readonly bucket: number;
  readonly count: number;
}

/** A day (UTC) is a whole number of them. */
export const COUNT_BUCKET_MS = 10 * 60_000;
/** Buckets older than this may be dropped. */
export const COUNTS_KEPT_MS = 48 * 3_600_000;

export interface ClientCounts {
  /** Adds to the buckets, all or nothing. */
  addCounts(counts: readonly ClientCount[]): Promise<void>;
  /** All counts of buckets that begin at `from` or later. */
  countsSince(from: number): Promise<ClientCount[]>;
}

/** Beyond these, entries are dropped. Refusals are counted separately, so that a loop cannot push the other attempts out. */
export interface HistoryLimits {
  /** Entries from before are dropped, milliseconds since the epoch. */
  readonly before: number;
  /** Of attempts that were not refused by the gateway, and again of those that were, and of actions. */
  readonly maxRows: number;
}

/** Everything of an engine that is kept for operators. */
export interface HistoryStore
  extends AttemptJournal, ActionJournal, FetchHistory, ActivityIndex, ClientCounts {
  /** Drops one small batch. Resolves to how many entries it had; 0 when there is nothing to drop. */
  prune(limits: HistoryLimits): Promise<number>;
}
