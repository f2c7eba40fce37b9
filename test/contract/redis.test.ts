import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { Ledger } from '../../src/add-contacts/ports.ts';
import { LONGEST_SESSION_MS } from '../../src/auth/ports.ts';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { movableClock } from '../support/movable-clock.ts';
import { ANN, quotaRule, T0, entryOf } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { NO_EVENTS, type StoresUnderTest } from '../support/stores-under-test.ts';
import { describeAccountRegister } from './account-register.contract.ts';
import { describeDurability } from './durability.contract.ts';
import { describeHistoryStore } from './history-store.contract.ts';
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
