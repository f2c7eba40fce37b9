import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Ledger } from '../../src/add-contacts/ports.ts';
import { LONGEST_SESSION_MS } from '../../src/auth/ports.ts';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { movableClock } from '../support/movable-clock.ts';
import { ANN, chargedOf, entryOf, quotaRule, T0 } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { NO_EVENTS, type StoresUnderTest } from '../support/stores-under-test.ts';
import { describeAccountRegister } from './account-register.contract.ts';
import { describeDurability } from './durability.contract.ts';
import { actionAt, describeHistoryStore, fetchAt, refusalAt } from './history-store.contract.ts';
import { describeIdempotencyStore } from './idempotency-store.contract.ts';
import { describeKeySetStore } from './key-set-store.contract.ts';
import { describeLedger } from './ledger.contract.ts';
import { describeListIndex } from './list-index.contract.ts';
import { describeListStore } from './list-store.contract.ts';
import { describeSessionStore } from './session-store.contract.ts';

describeOnRedis('Redis stores', () => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  describe.each([0, 10_000_000])('with %d bytes of lists in memory', (listMemoryBytes) => {
    async function open(): Promise<StoresUnderTest> {
      await redis.command('FLUSHALL');
      const clock = movableClock(T0);
      const openOnes = () => openRedisStores(redis.url, clock, listMemoryBytes, NO_EVENTS);
      let current = await openOnes();
      return {
        stores: current,
        clock,
        async reopen() {
          await current.close();
          // A confirmed charge must survive a killed Redis, not only a killed gateway.
          await redis.kill();
          await redis.start();
          current = await openOnes();
          return current;
        },
        dispose: () => current.close(),
      };
    }

    describeListStore(open);
    describeListIndex(open);
    describeLedger(open);
    describeAccountRegister(open);
    describeIdempotencyStore(open);
    describeSessionStore(open);
    describeKeySetStore(open);
    describeDurability(open);
    if (listMemoryBytes > 0) describeHistoryStore(open);
  });

  describe('opened by three gateways', () => {
    const clock = movableClock(T0);
    let gateways: Stores[];
    beforeEach(async () => {
      await redis.command('FLUSHALL');
      gateways = await Promise.all(
        [1, 2, 3].map(() => openRedisStores(redis.url, clock, 1_000_000, NO_EVENTS)),
      );
    });
    afterEach(async () => {
      await Promise.all(gateways.map((one) => one.close()));
    });

    function ledgerOf(i: number): Ledger {
      const gateway = gateways[i % gateways.length];
      if (gateway === undefined) throw new Error('No gateway was opened');
      return gateway.ledger;
    }

    test('give callers that asked during a call its result, and later callers a new lease', async () => {
      const [one, other] = gateways as [Stores, Stores];
      const name = { appId: 'wx_a', work: 'list' } as const;
      clock.set(T0);
      const lease = await one.leases.acquire({ ...name, askedAt: T0 });
      clock.set(T0 + 5);
      if (lease.kind === 'acquired') await lease.release(Buffer.from('came to this'));

      const before = await other.leases.acquire({ ...name, askedAt: T0 + 4 });
      const result = before.kind === 'held' ? await before.result : undefined;
      expect(result?.toString()).toBe('came to this');
      const after = await other.leases.acquire({ ...name, askedAt: T0 + 5 });
      expect(after.kind).toBe('acquired');
    });

    test('keep an end for as long as sessions live that were made up to it, also if it is in the future', async () => {
      const [{ sessions }] = gateways as [Stores];
      clock.set(T0);
      const hourMs = 3_600_000;
      await sessions.end('crm', 'alice', T0 + hourMs);
      const key = 'gewe-gateway:session-end:crm/alice';
      const leftMs = Number(await redis.command('PTTL', key));
      expect(leftMs).toBeGreaterThan(LONGEST_SESSION_MS);
      expect(leftMs).toBeLessThanOrEqual(LONGEST_SESSION_MS + hourMs);
    });

    test('take over the lease of a holder that is gone, and notify those who wait for it', async () => {
      const [owner, other] = gateways as [Stores, Stores];
      const name = { appId: 'wx_a', work: 'list', askedAt: T0 } as const;
      clock.set(T0);
      const told: string[] = [];
      const listener = new Redis(redis.url);
      try {
        await listener.psubscribe('*');
        listener.on('pmessage', (_pattern, _channel, message: string) => told.push(message));
        expect((await owner.leases.acquire(name)).kind).toBe('acquired');
        expect((await other.leases.acquire(name)).kind).toBe('held');
        await owner.close();
        expect(told).toEqual([]);
        const isTakenOver = async () => (await other.leases.acquire(name)).kind === 'acquired';
        expect(await eventually(isTakenOver)).toBe(true);
        expect(await eventually(() => told.length > 0)).toBe(true);
        expect(told).toEqual(['lease gewe-gateway:{wx_a}:lease:list']);
      } finally {
        listener.disconnect();
      }
    });

    test('reuse the result of a call at every gateway for as long as its holder allowed', async () => {
      const [one, other] = gateways as [Stores, Stores];
      const name = { appId: 'wx_a', work: 'online' } as const;
      clock.set(T0);
      const lease = await one.leases.acquire({ ...name, askedAt: T0 });
      if (lease.kind === 'acquired') await lease.release(Buffer.from('asked'), 60_000);
      const kindAt = async (at: number) => {
        clock.set(at);
        return (await other.leases.acquire({ ...name, askedAt: at })).kind;
      };
      expect(await kindAt(T0 + 59_999)).toBe('held');
      expect(await kindAt(T0 + 60_000)).toBe('acquired');
    });

    test('see what the others have recorded, and count refusals of a minute together', async () => {
      const [one, other, third] = gateways as [Stores, Stores, Stores];
      clock.set(T0);
      const charge = await one.ledger.charge('wx_a', ANN, [quotaRule(5)], entryOf());
      const { entryId } = chargedOf(charge);
      await other.history.complete('wx_a', entryId, { kind: 'sent', ret: 200 });
      const refused = gateways.map(({ history }, i) => history.addRefusals([refusalAt(T0 + i)]));
      await Promise.all(refused);
      await other.history.begin(entryOf());
      const counts = gateways.map(({ history }) =>
        history.addCounts([{ client: 'crm', code: 'ok', bucket: T0, count: 2 }]),
      );
      await Promise.all(counts);
      await one.history.addFetches([fetchAt(T0 + 1)]);
      await other.history.addFetches([fetchAt(T0)]);

      const { history } = third;
      const attempts = await history.attempts('wx_a', { after: undefined, limit: 10 });
      const outcomes = attempts.map(({ outcome }) => outcome.kind);
      expect(outcomes.sort()).toEqual(['pending', 'refused', 'sent']);
      expect(attempts.find(({ outcome }) => outcome.kind === 'refused')?.count).toBe(3);
      expect(await history.countsSince(T0)).toMatchObject([{ count: 6 }]);
      expect((await history.fetches('wx_a')).map(({ at }) => at)).toEqual([T0 + 1, T0]);
      expect(await history.activity(undefined, 10)).toMatchObject([
        { refused: { count: 3 }, lastFetch: { at: T0 + 1 } },
      ]);
    });

    test('give more than a thousand entries of one millisecond different ids, after older ones', async () => {
      clock.set(T0 - 1);
      const oldest = await (gateways[0] as Stores).history.begin(entryOf());
      clock.set(T0);
      const begun = gateways.flatMap(({ history }) =>
        Array.from({ length: 350 }, () => history.begin(entryOf())),
      );
      expect(new Set(await Promise.all(begun)).size).toBe(1050);
      const page = { after: undefined, limit: 2000 };
      const attempts = await (gateways[1] as Stores).history.attempts('wx_a', page);
      expect(attempts).toHaveLength(1051);
      expect(attempts.at(-1)?.id).toBe(oldest);
    });

    test('forget an account to which nothing has happened for long, down to the last key', async () => {
      const [{ history, lists }] = gateways as [Stores];
      clock.set(T0);
      await history.begin(entryOf());
      await history.addRefusals([refusalAt(T0)]);
      await history.addFetches([fetchAt(T0), fetchAt(T0 + 1, { appId: 'wx_b' })]);
      await history.addAction(actionAt(T0));
      await lists.save('wx_a', { body: Buffer.from('A'), savedAt: T0, source: 'live' });
      await lists.forget('wx_a');
      await history.prune({ before: T0 + 1, maxRows: 10 });
      expect(await history.activity(undefined, 10)).toMatchObject([{ appId: 'wx_b' }]);
      const keys = String(await redis.command('KEYS', '*')).split(',');
      expect(keys.filter((key) => /wx_a|journal|actions/.test(key))).toEqual([
        'gewe-gateway:{wx_a}:list',
      ]);
      // It remembers for a while that the list was forgotten.
      expect(Number(await redis.command('PTTL', 'gewe-gateway:{wx_a}:list'))).toBeGreaterThan(0);
    });

    test('index lists that a gateway without an index has saved, each time one starts', async () => {
      const [{ lists, listIndex }] = gateways as [Stores];
      const list = { body: Buffer.from('A'), savedAt: T0, source: 'live' } as const;
      for (const appId of ['wx_a', 'wx_b']) await lists.save(appId, list);
      await redis.command('DEL', 'gewe-gateway:lists', 'gewe-gateway:lists:facts');
      expect(await listIndex.index(undefined, 10)).toEqual([]);
      const later = await openRedisStores(redis.url, clock, 0, NO_EVENTS);
      try {
        const isIndexed = async () => (await listIndex.index(undefined, 10)).length === 2;
        expect(await eventually(isIndexed)).toBe(true);
        expect(await listIndex.index('wx_a', 10)).toEqual([
          { appId: 'wx_b', savedAt: T0, bytes: 1, source: 'live' },
        ]);
      } finally {
        await later.close();
      }
    });

    test('charge exactly 5 of 300 simultaneous attempts with 5 left', async () => {
      const rules = [quotaRule(5)];
      const charges = await Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          ledgerOf(i).charge('wx_a', { ...ANN, target: `person ${i}` }, rules, entryOf()),
        ),
      );
      expect(charges.filter((one) => one.kind === 'charged')).toHaveLength(5);
    });
  });
});
