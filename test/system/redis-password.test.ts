/** A Redis that refuses the gateway's password, from the start or later. */
import { afterEach, expect, test } from '@jest/globals';
import { TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import {
  AWAY,
  expectToldOnce,
  gatewayOnRedis,
  type GatewayOnRedis,
} from '../support/gateways-on-redis.ts';
import { startRedis } from '../support/redis-server.ts';

const PASSWORD = 'redis-secret-8d2f6a';
const OTHER = 'redis-secret-c1b7e0';

describeOnRedis('A gateway', () => {
  let rig: GatewayOnRedis;
  afterEach(() => rig.stop());

  const start = (wrong: boolean) =>
    gatewayOnRedis({
      policy: TRUSTING_WITHOUT_GAPS,
      redis: { password: PASSWORD },
      ...(wrong && {
        before: async ({ redis }) => {
          await redis.command('CONFIG', 'SET', 'requirepass', OTHER);
        },
      }),
    });

  function expectNoSecret(): void {
    const log = JSON.stringify(rig.gateway.log);
    for (const secret of [PASSWORD, OTHER, 'redis://']) expect(log).not.toContain(secret);
  }

  test('with a wrong password logs it once, without the password, and works after Redis accepts it', async () => {
    rig = await start(true);
    await rig.untilReadiness(503);
    expect((await rig.add('wx_a', 'v3_ann')).json()['code']).toBe('store-unavailable');
    expect(await eventually(() => rig.logged(AWAY).length > 0)).toBe(true);
    expect(JSON.stringify(rig.logged(AWAY))).toContain('WRONGPASS');

    await rig.redis.commandAs(OTHER, 'CONFIG', 'SET', 'requirepass', PASSWORD);
    await rig.untilReadiness(200);
    expect((await rig.add('wx_a', 'v3_ann')).status).toBe(200);
    expectToldOnce(rig);
    expectNoSecret();
  });

  test('recovers if the password of Redis is changed while it runs and then restored', async () => {
    rig = await start(false);
    await rig.untilReadiness(200);
    expect((await rig.add('wx_a', 'v3_ann')).status).toBe(200);
    await rig.redis.command('CONFIG', 'SET', 'requirepass', OTHER);
    // Existing connections stay; the next one is refused.
    rig.wire.cut();
    await rig.wire.heal();
    await rig.untilReadiness(503);
    expect((await rig.add('wx_a', 'v3_bob')).json()['code']).toBe('store-unavailable');

    await rig.redis.commandAs(OTHER, 'CONFIG', 'SET', 'requirepass', PASSWORD);
    await rig.untilReadiness(200);
    expect((await rig.add('wx_a', 'v3_bob')).status).toBe(200);
    expectToldOnce(rig);
    expectNoSecret();
  });
});

describeOnRedis('a Redis database that does not exist', () => {
  test('is reported once, and no other database is used', async () => {
    const redis = await startRedis();
    const told: string[] = [];
    const stores = await openRedisStores(`${redis.url}/99`, undefined, 0, {
      onAway: (why) => told.push(why.message),
      onBack: () => told.push('back'),
      onWarning: () => undefined,
    });
    try {
      // It retries, and is refused each time.
      const tries = async () =>
        /total_connections_received:(\d+)/.exec(String(await redis.command('INFO', 'stats')))?.[1];
      const before = Number(await tries());
      expect(await eventually(async () => Number(await tries()) > before + 20)).toBe(true);
      await expect(stores.check()).rejects.toThrow('Redis');
      expect(await redis.command('DBSIZE')).toBe(0);
      expect(told).toEqual(['Redis: ERR DB index is out of range']);
    } finally {
      await stores.close();
      await redis.stop();
    }
  });
});
