/** Records what happens, and reads it back for operators. */
import type { Clock } from '../time.ts';
import { createBatch, type Batch } from './batch.ts';
import {
  type ActionJournal,
  type AdminAction,
  type AttemptEntry,
  type AttemptFacts,
  type AttemptJournal,
  type AttemptOutcome,
  type ClientCount,
  type CountedRefusal,
  type HistoryStore,
  type ListFetch,
  type Page,
} from './ports.ts';
import { startPruning } from './pruning.ts';
import { createTally } from './tally.ts';

/** A decided attempt, as an operator reads it: one whose outcome is overdue is unknown. */
export interface Attempt extends Omit<AttemptEntry, 'outcome'> {
  readonly outcome: AttemptOutcome | { readonly kind: 'pending' };
}

/** The part that requests use. Nothing here waits for the store or throws. */
export interface Recorder {
  /** An addContacts that the gateway refused. */
  refused(facts: AttemptFacts, refusal: Pick<CountedRefusal, 'code' | 'rule'>): void;
  /** A list was fetched, or could not be. */
  fetched(fetch: ListFetch): void;
  /**
   * A request of a client is over.
   *
   * @param code of the refusal; `ok` for an answer, `left` if the caller left before it
   */
  counted(client: string, code: string): void;
}

/** The part that operators use. It has everything that this gateway recorded before. Rejects if the store fails. */
export interface HistoryReader extends Pick<ActionJournal, 'actions' | 'allActions'> {
  attempts(appId: string, page: Page): Promise<Attempt[]>;
  fetches: HistoryStore['fetches'];
  activity: HistoryStore['activity'];
  countsSince: HistoryStore['countsSince'];
}

export interface History extends Recorder, HistoryReader {
  /** As the store's. If it rejects, the outcome is written as soon as the store takes it. */
  complete: AttemptJournal['complete'];
  /** Never rejects: the change is made already. */
  acted(action: Omit<AdminAction, 'at'>): Promise<void>;
  /** Writes what is waiting, and ends the pruning. */
  stop(): Promise<void>;
}

interface HistoryParts {
  readonly store: HistoryStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly settings: {
    /** How long entries are kept, milliseconds. */
    readonly keepMs: number;
    /** See `HistoryLimits`. */
    readonly maxRows: number;
  };
  onStoreError(error: unknown): void;
}

/** How long something may wait to be written. Counts must not wait for longer than ten seconds. */
const WRITE_AFTER_MS = 1000;
const MINUTE_MS = 60_000;

export function createHistory({ store, clock, settings, onStoreError }: HistoryParts): History {
  const batches = createBatches(store, onStoreError);
  const { refusals, fetches, counts, outcomes } = batches;
  const all = Object.values(batches);
  const tally = createTally();
  const pruning = startPruning(store, clock, settings, onStoreError);
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    for (const count of tally.take()) counts.add(count);
    await Promise.all(all.map((batch) => batch.flush()));
    // The store did not take everything.
    if (all.some((batch) => !batch.isEmpty())) flushLater();
  }

  function flushLater(): void {
    timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS).unref();
  }

  function writeSoon(batch: Pick<Batch<unknown>, 'isFull'>): void {
    if (batch.isFull()) void flush();
    else flushLater();
  }

  /** Writes what is waiting before it reads, so that operators see it. */
  const afterWriting =
    <Args extends readonly unknown[], T>(read: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await flush();
      return read(...args);
    };

  return {
    refused(facts, { code, rule }) {
      refusals.add({ ...facts, code, rule, at: clock.now(), count: 1 });
      writeSoon(refusals);
    },
    fetched(fetch) {
      fetches.add(fetch);
      writeSoon(fetches);
    },
    counted(client, code) {
      tally.count(client, code, clock.now());
      flushLater();
    },
    async complete(appId, id, outcome) {
      try {
        await store.complete(appId, id, outcome);
      } catch (error) {
        outcomes.add({ appId, id, outcome });
        writeSoon(outcomes);
        throw error;
      }
    },
    async acted(action) {
      await store.addAction({ ...action, at: clock.now() }).catch(onStoreError);
    },
    attempts: afterWriting(async (appId, page) => {
      const entries = await store.attempts(appId, page);
      return entries.map((entry) => asRead(entry, clock.now()));
    }),
    actions: (appId, page) => store.actions(appId, page),
    allActions: (page) => store.allActions(page),
    fetches: afterWriting((appId) => store.fetches(appId)),
    activity: afterWriting((after, limit) => store.activity(after, limit)),
    countsSince: afterWriting((from) => store.countsSince(from)),
    async stop() {
      pruning.stop();
      await flush();
      clearTimeout(timer);
    },
  };
}

/** Records that are written a moment later, many at once: a client in a loop must not cost a write for each request. */
function createBatches(store: HistoryStore, onError: (error: unknown) => void) {
  const refusals = createBatch<CountedRefusal>({
    keyOf: ({ appId, client, subject, code, rule, at }) =>
      JSON.stringify([appId, client, subject, code, rule, Math.floor(at / MINUTE_MS)]),
    merge: (before, added) => ({ ...before, count: before.count + added.count }),
    write: (items) => store.addRefusals(items),
    onError,
  });
  let fetched = 0;
  const fetches = createBatch<ListFetch>({
    keyOf: () => String(fetched++),
    merge: (_before, added) => added,
    write: (items) => store.addFetches(items),
    onError,
  });
  const counts = createBatch<ClientCount>({
    // A client's name has no slash.
    keyOf: ({ client, code, bucket }) => `${client}/${code}/${bucket}`,
    merge: (before, added) => ({ ...before, count: before.count + added.count }),
    write: (items) => store.addCounts(items),
    onError,
  });
  const outcomes = createBatch<LateOutcome>({
    keyOf: ({ appId, id }) => `${appId}/${id}`,
    merge: (before) => before,
    async write(items) {
      await Promise.all(items.map(({ appId, id, outcome }) => store.complete(appId, id, outcome)));
    },
    onError,
  });
  return { refusals, fetches, counts, outcomes };
}

/** Of an attempt, when the store did not take it. */
interface LateOutcome {
  readonly appId: string;
  readonly id: string;
  readonly outcome: AttemptOutcome;
}

function asRead(entry: AttemptEntry, now: number): Attempt {
  const { outcome } = entry;
  if (outcome.kind !== 'pending') return { ...entry, outcome };
  return { ...entry, outcome: { kind: now > outcome.until ? 'unknown' : 'pending' } };
}
