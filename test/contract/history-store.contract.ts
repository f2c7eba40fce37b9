import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Ledger } from '../../src/add-contacts/ports.ts';
import {
  COUNT_BUCKET_MS,
  FETCHES_KEPT,
  type AdminAction,
  type AttemptFacts,
  type AttemptOutcome,
  type ClientCount,
  type CountedRefusal,
  type HistoryLimits,
  type HistoryStore,
  type KeptAction,
  type ListFetch,
} from '../../src/history/ports.ts';
import { chargedOf, DAY_MS, entryOf, HOUR_MS, quotaRule, T0 } from '../support/quota-rules.ts';
import type { OpenStoresUnderTest, StoresUnderTest } from '../support/stores-under-test.ts';

const MINUTE_MS = 60_000;
const ALL = { after: undefined, limit: 1000 };
const SENT: AttemptOutcome = { kind: 'sent', ret: 200 };
/** The only reasons to drop something are in the test. */
const NO_LIMITS: HistoryLimits = { before: -Infinity, maxRows: Infinity };

const FACTS = {
  appId: 'wx_a',
  client: 'crm',
  subject: undefined,
  option: 2,
  target: 'ann',
  requestId: 'r-1',
} satisfies AttemptFacts;

export function refusalAt(at: number, other: Partial<CountedRefusal> = {}): CountedRefusal {
  return { ...FACTS, at, code: 'add-quota-exhausted', rule: 'day', count: 1, ...other };
}

export function fetchAt(at: number, other: Partial<ListFetch> = {}): ListFetch {
  return {
    appId: 'wx_a',
    at,
    durationMs: 41_000,
    outcome: 'list',
    bytes: 100_000,
    friends: 4000,
    chatrooms: 3,
    ghs: 0,
    requestId: 'r-1',
    ...other,
  };
}

export function actionAt(at: number, other: Partial<AdminAction> = {}): AdminAction {
  return {
    appId: 'wx_a',
    at,
    who: 'basic alice',
    what: 'declared',
    before: undefined,
    after: '2026-01-01T00:00:00.000Z',
    requestId: 'r-1',
    ...other,
  };
}

/** What every HistoryStore does, together with the Ledger that writes its entries of charges. */
export function describeHistoryStore(open: OpenStoresUnderTest): void {
  let opened: StoresUnderTest;
  let history: HistoryStore;
  let ledger: Ledger;

  function describeOpened(name: string, tests: () => void): void {
    describe(name, () => {
      beforeEach(async () => {
        opened = await open();
        ({ history, ledger } = opened.stores);
      });
      afterEach(() => opened.dispose());
      tests();
    });
  }

  /** Writes an entry that was begun at `at`. Resolves to its id. */
  function beginAt(at: number, appId = 'wx_a', requestId = 'r-1'): Promise<string> {
    opened.clock.set(at);
    return history.begin(entryOf(appId, { requestId }));
  }

  async function chargeAt(at: number, limit = 100) {
    opened.clock.set(at);
    const attempt = { kind: 'add', target: 'ann' } as const;
    const entry = { ...FACTS, deadlineMs: 30_000 };
    return ledger.charge('wx_a', attempt, [quotaRule(limit)], entry);
  }

  const attempts = (appId = 'wx_a') => history.attempts(appId, ALL);
  const instants = async () => (await attempts()).map(({ at }) => at);
  const outcomes = async () => (await attempts()).map(({ outcome }) => outcome);

  /** Drops all that may be dropped. Resolves to the size of each batch. */
  async function pruneAll(limits: Partial<HistoryLimits>): Promise<number[]> {
    const batches: number[] = [];
    while (batches.length < 1000) {
      const dropped = await history.prune({ ...NO_LIMITS, ...limits });
      if (dropped === 0) return batches;
      batches.push(dropped);
    }
    throw new Error('There is no end to what may be dropped');
  }

  describeOpened('a journal of attempts', () => {
    test('gets a pending entry with each charge, and none with a refused one', async () => {
      const { entryId } = chargedOf(await chargeAt(T0, 1));
      expect((await chargeAt(T0 + 1, 1)).kind).toBe('refused');
      const outcome = { kind: 'pending', until: T0 + 30_000 };
      expect(await attempts()).toEqual([{ ...FACTS, id: entryId, at: T0, outcome, count: 1 }]);
    });

    test('gets a pending entry for an attempt that is not charged', async () => {
      opened.clock.set(T0);
      const id = await history.begin(entryOf('wx_a', { option: 4, subject: 'alice' }));
      const outcome = { kind: 'pending', until: T0 + 30_000 };
      const known = { id, at: T0, option: 4, subject: 'alice', outcome };
      expect(await attempts()).toMatchObject([known]);
    });

    const OUTCOMES: AttemptOutcome[] = [
      SENT,
      { kind: 'sent', ret: undefined },
      { kind: 'sent', ret: -2.5 },
      { kind: 'refused', code: 'upstream-token-rejected', rule: undefined },
      { kind: 'returned' },
      { kind: 'unknown' },
    ];
    test.each(OUTCOMES)('completes an entry as %j', async (outcome) => {
      const { entryId } = chargedOf(await chargeAt(T0));
      await history.complete('wx_a', entryId, outcome);
      expect(await outcomes()).toEqual([outcome]);
    });

    test('completes only pending entries, and those of the account alone', async () => {
      const id = await beginAt(T0);
      await history.complete('wx_b', id, SENT);
      await history.complete('wx_a', '999999999', SENT);
      expect(await outcomes()).toMatchObject([{ kind: 'pending' }]);
      await history.complete('wx_a', id, SENT);
      await history.complete('wx_a', id, { kind: 'unknown' });
      expect(await outcomes()).toEqual([SENT]);
    });

    test('completes the entry of a refunded charge as returned', async () => {
      const charged = chargedOf(await chargeAt(T0));
      await ledger.refund('wx_a', charged);
      expect(await outcomes()).toEqual([{ kind: 'returned' }]);
    });

    test('counts refusals that differ only in the request in one entry per minute', async () => {
      const refusals = [T0, T0 + 1, T0 + MINUTE_MS - 1, T0 + MINUTE_MS].map((at) =>
        refusalAt(at, { requestId: `r-${at}`, target: `person ${at}` }),
      );
      await history.addRefusals(refusals.slice(0, 2));
      await history.addRefusals([...refusals.slice(2), refusalAt(T0 + 5, { count: 2 })]);
      const outcome = { kind: 'refused', code: 'add-quota-exhausted', rule: 'day' };
      const first = { ...FACTS, requestId: `r-${T0}`, target: `person ${T0}`, at: T0 };
      expect(await attempts()).toMatchObject([
        { at: T0 + MINUTE_MS, outcome, count: 1 },
        { ...first, outcome, count: 5 },
      ]);
    });

    test('has an entry for each account, client, subject, code and rule that is refused', async () => {
      const others: Partial<CountedRefusal>[] = [
        {},
        { client: 'bot' },
        { subject: 'alice' },
        { subject: 'bob' },
        { code: 'idempotency-mismatch' },
        { rule: undefined },
        { rule: 'gap' },
      ];
      const refusals = others.map((other) => refusalAt(T0, other));
      await history.addRefusals([...refusals, refusalAt(T0, { appId: 'wx_b' })]);
      await history.addRefusals(refusals);
      const read = (await attempts()).map(({ client, subject, outcome, count }) => {
        return { client, subject, outcome, count };
      });
      const expected = refusals.map(({ client, subject, code, rule }) => {
        return { client, subject, outcome: { kind: 'refused', code, rule }, count: 2 };
      });
      expect(read).toHaveLength(expected.length);
      expect(read).toEqual(expect.arrayContaining(expected));
      expect(await attempts('wx_b')).toMatchObject([{ count: 1 }]);
    });

    test('is read newest first, in pages, refused attempts among the others', async () => {
      for (let i = 0; i < 7; i++) {
        const at = T0 + i * MINUTE_MS;
        if (i % 2 === 0) await beginAt(at);
        else await history.addRefusals([refusalAt(at)]);
        await beginAt(at, 'wx_b');
      }
      const pages: number[][] = [];
      let after: string | undefined;
      for (let i = 0; i < 4; i++) {
        const page = await history.attempts('wx_a', { after, limit: 3 });
        pages.push(page.map(({ at }) => (at - T0) / MINUTE_MS));
        after = page.at(-1)?.id ?? after;
      }
      expect(pages).toEqual([[6, 5, 4], [3, 2, 1], [0], []]);
    });

    test('keeps two accounts separate whose appIds differ only in case', async () => {
      await beginAt(T0, 'wx_a');
      await beginAt(T0, 'wx_A');
      expect(await attempts('wx_A')).toHaveLength(1);
    });
  });

  describeOpened("a journal of operators' changes", () => {
    test('returns the changes of an account, newest first, in pages', async () => {
      const changes = [
        actionAt(T0),
        actionAt(T0 + 1, { what: 'withdrawn', before: 'then', after: undefined }),
        actionAt(T0 + 2, { what: 'list-forgotten' }),
      ];
      for (const change of [...changes, actionAt(T0, { appId: 'wx_b' })]) {
        await history.addAction(change);
      }
      const first = await history.actions('wx_a', { after: undefined, limit: 2 });
      const second = await history.actions('wx_a', { after: first.at(-1)?.id, limit: 2 });
      const read = [...first, ...second].map(({ id: _, ...change }) => change);
      expect(read).toEqual([...changes].reverse());
      expect(first).toHaveLength(2);
    });

    test('returns the changes of all accounts, newest first, in pages', async () => {
      const changes = ['wx_b', 'wx_a', 'wx_c', 'wx_a', 'wx_b'].map((appId, i) =>
        actionAt(T0 + i, { appId }),
      );
      for (const change of changes) await history.addAction(change);
      const read: AdminAction[] = [];
      for (let after: KeptAction | undefined, pages = 0; pages < 4; pages++) {
        const page = await history.allActions({ after, limit: 2 });
        read.push(...page.map(({ id: _, ...change }) => change));
        after = page.at(-1) ?? after;
      }
      expect(read).toEqual([...changes].reverse());
    });
  });

  describeOpened('a history of fetches', () => {
    test('returns what is known of a fetch, of one account', async () => {
      const failed = {
        outcome: 'timeout',
        bytes: undefined,
        friends: undefined,
        chatrooms: undefined,
        ghs: undefined,
      } as const;
      const fetches = [fetchAt(T0 + 1, failed), fetchAt(T0)];
      await history.addFetches([...fetches].reverse());
      await history.addFetches([fetchAt(T0, { appId: 'wx_b' })]);
      expect(await history.fetches('wx_a')).toEqual(fetches);
      expect(await history.fetches('wx_c')).toEqual([]);
    });

    test(`keeps the last ${FETCHES_KEPT} of each account, newest first`, async () => {
      const seconds = Array.from({ length: FETCHES_KEPT + 5 }, (_, i) => T0 + i * 1000);
      await history.addFetches([fetchAt(T0, { appId: 'wx_b' })]);
      await history.addFetches(seconds.slice(0, 3).map((at) => fetchAt(at)));
      await history.addFetches(seconds.slice(3).map((at) => fetchAt(at)));
      const read = (await history.fetches('wx_a')).map(({ at }) => at);
      expect(read).toEqual(seconds.slice(5).reverse());
      expect(await history.fetches('wx_b')).toHaveLength(1);
    });
  });

  describeOpened('an index of what accounts did last', () => {
    const day = Math.floor(T0 / DAY_MS);

    test('has the last attempt, the refusals of its day and the last fetch', async () => {
      await chargeAt(T0);
      await history.addFetches([fetchAt(T0 + 1), fetchAt(T0 + 2, { outcome: 'timeout' })]);
      expect(await history.activity(undefined, 10)).toEqual([
        {
          appId: 'wx_a',
          lastAttemptAt: T0,
          refused: undefined,
          lastFetch: { at: T0 + 2, durationMs: 41_000, outcome: 'timeout' },
        },
      ]);
      await history.addRefusals([refusalAt(T0 + 3, { count: 4 })]);
      await history.addRefusals([refusalAt(T0 + 4, { client: 'bot' })]);
      expect(await history.activity(undefined, 10)).toMatchObject([
        { lastAttemptAt: T0 + 4, refused: { day, count: 5 }, lastFetch: { at: T0 + 2 } },
      ]);
    });

    test('keeps what is later if a refusal is written late', async () => {
      await beginAt(T0 + 5);
      await history.addRefusals([refusalAt(T0 + 1, { count: 2 })]);
      await history.addRefusals([refusalAt(T0 - 1)]);
      expect(await history.activity(undefined, 10)).toMatchObject([
        { lastAttemptAt: T0 + 5, refused: { day, count: 2 } },
      ]);
    });

    test('counts the refusals of a day (UTC) from its beginning', async () => {
      const midnight = (day + 1) * DAY_MS;
      await history.addRefusals([refusalAt(midnight - 1), refusalAt(midnight, { count: 3 })]);
      const [activity] = await history.activity(undefined, 10);
      expect(activity?.refused).toEqual({ day: day + 1, count: 3 });
    });

    test('has an account that was only fetched, refused, or not charged', async () => {
      await history.addFetches([fetchAt(T0, { appId: 'wx_fetched' })]);
      await history.addRefusals([refusalAt(T0 + 1, { appId: 'wx_refused' })]);
      await beginAt(T0 + 2, 'wx_uncharged');
      const read = await history.activity(undefined, 10);
      expect(read.map(({ appId, lastAttemptAt }) => [appId, lastAttemptAt])).toEqual([
        ['wx_fetched', undefined],
        ['wx_refused', T0 + 1],
        ['wx_uncharged', T0 + 2],
      ]);
    });

    test('is read in pages, in the order of appId', async () => {
      const appIds = ['wx_b', 'wx_B', 'wx_10', 'wx_a', 'wx_9'];
      for (const appId of appIds) await beginAt(T0, appId);
      const first = await history.activity(undefined, 3);
      const second = await history.activity(first.at(-1)?.appId, 3);
      const ids = [first, second].map((page) => page.map(({ appId }) => appId));
      expect(ids).toEqual([
        ['wx_10', 'wx_9', 'wx_B'],
        ['wx_a', 'wx_b'],
      ]);
    });
  });

  describeOpened('counts of requests', () => {
    const countOf = (code: string, bucket: number, count = 1, client = 'crm'): ClientCount => {
      return { client, code, bucket, count };
    };
    const inOrder = (counts: readonly ClientCount[]) =>
      counts.map((one) => JSON.stringify([one.client, one.code, one.bucket, one.count])).sort();

    test('add up per client, code and bucket', async () => {
      const later = T0 + COUNT_BUCKET_MS;
      await history.addCounts([countOf('ok', T0, 5), countOf('left', T0), countOf('ok', later)]);
      await history.addCounts([countOf('ok', T0, 2), countOf('ok', T0, 3, 'bot')]);
      expect(inOrder(await history.countsSince(T0))).toEqual(
        inOrder([
          countOf('ok', T0, 7),
          countOf('left', T0),
          countOf('ok', later),
          countOf('ok', T0, 3, 'bot'),
        ]),
      );
    });

    test('are read from a bucket on, and are kept for a day and a day before', async () => {
      opened.clock.set(T0);
      const buckets = [T0 - 48 * HOUR_MS, T0 - COUNT_BUCKET_MS, T0];
      await history.addCounts(buckets.map((bucket) => countOf('ok', bucket)));
      await pruneAll({});
      const read = async (from: number) =>
        (await history.countsSince(from)).map(({ bucket }) => bucket).sort((a, b) => a - b);
      expect(await read(0)).toEqual(buckets);
      expect(await read(T0 - COUNT_BUCKET_MS)).toEqual(buckets.slice(1));
    });
  });

  describeOpened('a history that is pruned', () => {
    test('drops attempts, refusals and changes from before an instant', async () => {
      for (const at of [T0 - 2, T0 - 1, T0]) {
        await beginAt(at, 'wx_a', `r-${at}`);
        await history.addAction(actionAt(at));
        await history.addRefusals([refusalAt(at, { rule: String(at) })]);
      }
      await pruneAll({ before: T0 });
      expect(await instants()).toEqual([T0, T0]);
      const changes = await history.actions('wx_a', ALL);
      expect(changes.map(({ at }) => at)).toEqual([T0]);
      expect(await pruneAll({ before: T0 })).toEqual([]);
    });

    test('keeps so many refusals, and as many other attempts: a loop of refusals pushes none of them out', async () => {
      for (let i = 0; i < 4; i++) await beginAt(T0 + i);
      await pruneAll({ maxRows: 3 });
      const loop = Array.from({ length: 20 }, (_, i) => refusalAt(T0 + (1 + i) * MINUTE_MS));
      await history.addRefusals(loop);
      await pruneAll({ maxRows: 3 });
      const kept = [T0 + 1, T0 + 2, T0 + 3, ...loop.slice(-3).map(({ at }) => at)];
      expect(await instants()).toEqual(kept.reverse());
    });

    test('keeps so many changes', async () => {
      for (let i = 0; i < 5; i++) await history.addAction(actionAt(T0 + i));
      await pruneAll({ maxRows: 2 });
      const changes = await history.actions('wx_a', ALL);
      expect(changes.map(({ at }) => at)).toEqual([T0 + 4, T0 + 3]);
    });

    test('drops a small batch at a time', async () => {
      const refusals = Array.from({ length: 1200 }, (_, i) => refusalAt(T0 + i * MINUTE_MS));
      await history.addRefusals(refusals);
      const batches = await pruneAll({ maxRows: 100 });
      expect(Math.max(...batches)).toBeLessThanOrEqual(500);
      expect(batches.reduce((sum, one) => sum + one, 0)).toBe(1100);
      expect(await instants()).toHaveLength(100);
    });

    test('forgets accounts to which nothing has happened since an instant, with their fetches', async () => {
      await history.addFetches([
        fetchAt(T0, { appId: 'wx_a' }),
        fetchAt(T0, { appId: 'wx_b' }),
        fetchAt(T0, { appId: 'wx_c' }),
      ]);
      await beginAt(T0 + 1, 'wx_b');
      await history.addFetches([fetchAt(T0 + 1, { appId: 'wx_c' })]);
      await history.addRefusals([refusalAt(T0, { appId: 'wx_d' })]);
      await pruneAll({ before: T0 + 1 });
      const read = await history.activity(undefined, 10);
      expect(read.map(({ appId }) => appId)).toEqual(['wx_b', 'wx_c']);
      const fetches = await Promise.all(['wx_a', 'wx_b', 'wx_c'].map(history.fetches));
      expect(fetches.map(({ length }) => length)).toEqual([0, 1, 2]);
    });

    test('counts what comes after an entry of a minute was dropped as a later entry', async () => {
      await history.addRefusals([refusalAt(T0)]);
      await pruneAll({ maxRows: 0 });
      await history.addRefusals([refusalAt(T0 + 1)]);
      expect(await attempts()).toMatchObject([{ at: T0 + 1, count: 1 }]);
    });
  });
}
