/**
 * The ledger's script counts in Redis as `rules.ts` counts here: both must decide the same, whatever the history and
 * the rules.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { judge, usageOf } from '../../src/add-contacts/rules.ts';
import type { Attempt, LimitStep, QuotaRule } from '../../src/add-contacts/rules.ts';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { movableClock } from '../support/movable-clock.ts';
import { DAY_MS, HOUR_MS, quotaRule, T0, entryOf } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { NO_EVENTS } from '../support/stores-under-test.ts';

const kinds = fc.constantFrom('add' as const, 'accept' as const);
/** Hashes as the gateway makes them, an empty one, and one with characters that are special in patterns. */
const targets = fc.constantFrom('a-_9', 'b%w', '', ' c d ', '-');
/** So few that an instant is often exactly at the edge of a window or a step. */
const spans = fc.constantFrom(1, 500, 1000, 60_000, HOUR_MS, 2 * HOUR_MS, DAY_MS);

const laterSteps: fc.Arbitrary<LimitStep[]> = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -2, max: 6 }), spans), {
    maxLength: 3,
    selector: ([times, span]) => times * span,
  })
  .chain((offsets) =>
    fc.tuple(
      ...offsets
        .map(([times, span]) => T0 + times * span)
        .sort((a, b) => a - b)
        .map((from) => fc.record({ from: fc.constant(from), limit: fc.nat(4) })),
    ),
  );

const rules: fc.Arbitrary<QuotaRule> = fc
  .record({
    kind: kinds,
    per: fc.constantFrom('account' as const, 'target' as const),
    windowMs: spans,
    first: fc.nat(5),
    steps: laterSteps,
    never: fc.boolean(),
  })
  .map(({ first, steps, never, ...rule }) =>
    quotaRule(first, {
      ...rule,
      limits: [
        { from: -Infinity, limit: first },
        ...steps,
        // An account without a time online never reaches the later steps.
        ...(never ? [{ from: Infinity, limit: 9 }] : []),
      ],
    }),
  );

const moves = fc.record({
  kind: kinds,
  target: targets,
  advanceMs: fc.tuple(fc.nat(2), spans).map(([times, span]) => times * span),
  offMs: fc.constantFrom(0, 0, 1, -1),
});

describeOnRedis('The ledger in Redis', () => {
  let redis: RedisUnderTest;
  let stores: Stores;
  const clock = movableClock(T0);
  let accounts = 0;
  beforeAll(async () => {
    redis = await startRedis();
    stores = await openRedisStores(redis.url, clock, 0, NO_EVENTS);
  });
  afterAll(async () => {
    await stores.close();
    await redis.stop();
  });

  test('gives the same decision, rule and remaining quota as the rules in TypeScript', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rules, { maxLength: 4 }),
        fc.array(moves, { minLength: 1, maxLength: 15 }),
        async (all, history) => {
          const appId = `wx_${accounts++}`;
          const charged: Attempt[] = [];
          clock.set(T0);
          for (const { kind, target, advanceMs, offMs } of history) {
            clock.advance(Math.max(0, advanceMs + offMs));
            const at = clock.now();
            const before = usageOf(all, charged, target, at);
            const verdict = judge(before.filter(({ rule }) => rule.kind === kind));
            const charge = await stores.ledger.charge(appId, { kind, target }, all, entryOf(appId));
            if (verdict.kind === 'allowed') charged.push({ kind, target, at });
            expect(charge).toEqual({
              ...(verdict.kind === 'allowed'
                ? { kind: 'charged', attemptId: expect.any(String), entryId: expect.any(String) }
                : { ...verdict, at }),
              usage: usageOf(all, charged, target, at),
            });
          }
          expect(await stores.ledger.usage(appId, all, undefined)).toEqual(
            usageOf(all, charged, undefined, clock.now()),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
