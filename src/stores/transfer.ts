/** What a store has, as it is copied into another one: the same records for every engine. */
import { LEDGER_RETENTION_MS, type AccountRecord } from '../add-contacts/ports.ts';
import type { Attempt } from '../add-contacts/rules.ts';
import type { StoredKeySet } from '../auth/issuers/ports.ts';
import { LONGEST_SESSION_MS, type SigningKey } from '../auth/ports.ts';
import type { SavedList } from '../contacts-list/ports.ts';
import {
  COUNTS_KEPT_MS,
  type AccountActivity,
  type AdminAction,
  type AttemptEntry,
  type ClientCount,
  type ListFetch,
} from '../history/ports.ts';

/** A record of each section. Instants are milliseconds since the epoch. */
export interface Records {
  readonly clocks: AccountRecord;
  readonly charges: Attempt & { readonly appId: string };
  readonly lists: SavedList & { readonly appId: string };
  readonly answers: AnswerRecord;
  /** The ids are those of the engine: a copy has others, in the same order. */
  readonly attempts: AttemptEntry;
  readonly actions: AdminAction;
  readonly fetches: ListFetch;
  readonly activity: AccountActivity;
  readonly counts: ClientCount;
  readonly sessionKeys: SigningKey;
  readonly sessionEnds: SessionEnd;
  readonly issuerKeys: StoredKeySet & { readonly source: string };
}

/** An attempt that the gateway itself refused. */
type RefusalEntry = AttemptEntry & {
  readonly outcome: Extract<AttemptEntry['outcome'], { kind: 'refused' }>;
};

/** Whether the gateway itself refused it. One whose token the upstream rejected was sent: it is kept with those. */
export function isRefusal(entry: AttemptEntry): entry is RefusalEntry {
  const { outcome } = entry;
  return outcome.kind === 'refused' && outcome.code !== 'upstream-token-rejected';
}

/** A request with an Idempotency-Key. */
export interface AnswerRecord {
  /** Undefined if an older gateway wrote it, which did not keep the account. */
  readonly appId: string | undefined;
  /** See `IdempotencyKey`. */
  readonly id: string;
  readonly fingerprint: string;
  readonly expiresAt: number;
  /** Undefined if its outcome is unknown: no gateway runs that could still answer it, so a copy has no lease. */
  readonly answer: Buffer | undefined;
}

/** Sessions created until then have been ended. */
export interface SessionEnd {
  readonly client: string;
  /** Empty for the whole client. */
  readonly subject: string;
  readonly endedUntil: number;
}

export type Section = keyof Records;

/** In the order in which they are copied. */
export const SECTIONS = [
  'clocks',
  'charges',
  'answers',
  'sessionKeys',
  'sessionEnds',
  'issuerKeys',
  'lists',
  'attempts',
  'actions',
  'fetches',
  'activity',
  'counts',
] as const satisfies readonly Section[];

/** A store that no gateway uses while it is read. */
export interface ReadableStore {
  /** The time of the engine, milliseconds since the epoch. */
  now(): number;
  /**
   * All records of a section, in batches of any size, oldest first where they have an order: `attempts` and `actions` in the
   * order of their ids, `fetches` of each account in the order of their ends. Some may have lasted long enough already:
   * see `lastsUntil`.
   */
  read<S extends Section>(section: S): AsyncIterable<readonly Records[S][]>;
}

export interface CopySource extends ReadableStore {
  /** Until when what happened before a restore counts as unknown, see `restore`; undefined if nothing does. */
  readonly gapUntil: number | undefined;
  /** Rejects with a StoreCommandError if a gateway has come since it was opened: what that one writes may be missing in a copy. */
  checkUnused(): Promise<void>;
  close(): Promise<void>;
}

/** An empty store. Gateways refuse to use it until the copy is complete. */
export interface CopyTarget extends ReadableStore {
  /**
   * Adds records as they are, in the order given. All or nothing is not needed: a copy that fails is never used.
   *
   * @returns how many of them it could keep; `answers` without an account are left out by an engine that needs it
   */
  write<S extends Section>(section: S, records: readonly Records[S][]): Promise<number>;
  /** The copy is complete: gateways may use it. */
  finish(): Promise<void>;
  /** Without `finish` before it, gateways never use what was written. */
  close(): Promise<void>;
}

/**
 * What `sqlite/transfer.ts` and `redis/transfer.ts` export. `place` is the absolute path of the file, or the URL. Both reject
 * with a StoreOpenError if a gateway uses the store or it cannot be reached.
 */
export interface CopyEngine {
  openSource(place: string): Promise<CopySource>;
  /** Also rejects if the store is not empty. Half a copy of before counts as not empty. */
  openTarget(place: string): Promise<CopyTarget>;
}

/** Until when each record is needed, milliseconds since the epoch. An engine may drop it afterwards. */
const LASTS_UNTIL: { readonly [S in Section]?: (record: Records[S]) => number } = {
  charges: ({ at }) => at + LEDGER_RETENTION_MS,
  answers: ({ expiresAt }) => expiresAt,
  counts: ({ bucket }) => bucket + COUNTS_KEPT_MS,
  sessionKeys: ({ retiresAt }) => retiresAt ?? Infinity,
  sessionEnds: ({ endedUntil }) => endedUntil + LONGEST_SESSION_MS,
};

/** Until when a record is needed, milliseconds since the epoch; `Infinity` if it has no end. */
export function lastsUntil<S extends Section>(section: S, record: Records[S]): number {
  return LASTS_UNTIL[section]?.(record) ?? Infinity;
}
