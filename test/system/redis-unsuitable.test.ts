/** A Redis that may evict or lose charges: it is used, and the operator is warned until it is reconfigured. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayOnRedis, type GatewayOnRedis } from '../support/gateways-on-redis.ts';
import { httpGet } from '../support/http-client.ts';

async function readyz(url: string) {
  const answer = await httpGet(url, '/readyz');
  return { status: answer.status, body: answer.json() as { warnings?: string[] } };
}

async function warningsOf({ gateway }: GatewayOnRedis): Promise<string> {
  const [one, other] = await Promise.all([gateway.url, gateway.opsUrl].map(readyz));
  // On a busy machine, Redis may seem to be away for a moment.
  if (one?.status !== 200 || other?.status !== 200) return 'not ready';
  // Read at two instants, with a change in between.
  if (!isDeepStrictEqual(one.body, other.body)) return 'two answers';
  return (one.body.warnings ?? []).join();
}

/** A gateway checks every few seconds. */
async function untilWarnings(rig: GatewayOnRedis, expected: string): Promise<void> {
  if (await eventually(async () => (await warningsOf(rig)) === expected)) return;
  throw new Error(`${await warningsOf(rig)}, not ${expected}`);
}

const told = (rig: GatewayOnRedis, what: string) =>
  rig.gateway.log.filter((line) => line['what'] === what && line['level'] === 'warn');

describeOnRedis('A Redis', () => {
  describe('that is misconfigured at the start', () => {
    let rig: GatewayOnRedis;
    afterEach(() => rig.stop());

    test.each([
      ['evicts', ['--maxmemory-policy', 'allkeys-lru'], 'store-may-evict'],
      ['keeps no append-only file', ['--appendonly', 'no'], 'store-forgets-on-restart'],
      [
        'does both',
        ['--maxmemory-policy', 'volatile-ttl', '--appendonly', 'no'],
        'store-may-evict,store-forgets-on-restart',
      ],
    ])('because it %s is named in readiness and once in the log', async (_what, args, expected) => {
      rig = await gatewayOnRedis({ redis: { args } });
      await untilWarnings(rig, expected);
      for (const warning of expected.split(',')) expect(told(rig, warning)).toHaveLength(1);
    });
  });

  describe('that is reconfigured while it runs', () => {
    let rig: GatewayOnRedis;
    const configure = (name: string, value: string) =>
      rig.redis.command('CONFIG', 'SET', name, value);
    beforeAll(async () => {
      rig = await gatewayOnRedis();
    });
    afterAll(() => rig.stop());

    test('causes no warning before', async () => {
      await untilWarnings(rig, '');
      expect(rig.gateway.log.filter(({ level }) => level === 'warn')).toEqual([]);
    });

    test.each([
      ['maxmemory-policy', 'allkeys-random', 'noeviction', 'store-may-evict'],
      ['appendonly', 'no', 'yes', 'store-forgets-on-restart'],
    ])('with %s %s is named in readiness until it is %s', async (name, bad, good, expected) => {
      await configure(name, bad);
      await untilWarnings(rig, expected);
      expect(told(rig, expected)).toHaveLength(1);
      await configure(name, good);
      await untilWarnings(rig, '');
    });

    test('is named by a gateway that finds it misconfigured after an outage', async () => {
      await rig.redis.kill();
      await rig.untilReadiness(503);
      await rig.redis.start(['--maxmemory-policy', 'allkeys-lfu']);
      await rig.untilReadiness(200);
      await untilWarnings(rig, 'store-may-evict');
      expect(told(rig, 'store-may-evict')).toHaveLength(2);
    });
  });
});
