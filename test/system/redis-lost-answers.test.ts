/** What Redis has done and nobody heard of: it must come to the same as if it had not been done. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { cuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { ANN, quotaRule } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';

const RULES = [quotaRule(5)];
const KEY = { appId: 'wx_a', id: 'key' };

describeOnRedis('What Redis has done and nobody heard of', () => {
  let redis: RedisUnderTest;
  let wire: CuttableProxy;
  let away: boolean;
  let stores: Stores;
  beforeEach(async () => {
    away = false;
    redis = await startRedis();
    wire = await cuttableProxy(redis.port);
    stores = await openRedisStores(`redis://127.0.0.1:${wire.port}`, undefined, 1_000_000, {
      onAway: () => (away = true),
      onBack: () => (away = false),
      onWarning: () => undefined,
    });
    // All scripts are known to the server: what follows is one question each.
    await stores.ledger.charge('wx_warm', ANN, RULES);
    await acquire('wx_warm');
  });
  afterEach(async () => {
    await stores.close();
    await wire.stop();
    await redis.stop();
  });

  const left = async () => (await stores.ledger.usage('wx_a', RULES, undefined))[0]?.left;
  const charge = () => stores.ledger.charge('wx_a', ANN, RULES);
  const attempts = (appId = 'wx_a') =>
    redis.command('ZCARD', `gewe-gateway:{${appId}}:attempts`).then(Number);

  function acquire(appId = 'wx_a', id = KEY.id) {
    const now = stores.clock.now();
    const times = { now, leaseUntil: now + 60_000, expiresAt: now + 86_400_000 };
    return stores.idempotency.acquire({ appId, id }, 'fingerprint', times);
  }

  const back = () => eventually(() => !away);

  test('is a charge: it is taken back', async () => {
    wire.mute();
    await expect(charge()).rejects.toThrow('does not answer');
    expect(await attempts()).toBe(1);
    await wire.heal();
    expect(await back()).toBe(true);
    expect(await eventually(async () => (await left()) === 5)).toBe(true);
  });

  test('is a charge, and a lost connection after that: it is taken back', async () => {
    wire.mute();
    const charging = charge();
    expect(await eventually(async () => (await attempts()) === 1)).toBe(true);
    wire.cut();
    await expect(charging).rejects.toThrow('Redis');
    await wire.heal();
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('is a charge before so many attempts that were refused: it is still taken back', async () => {
    wire.mute();
    const charging = charge();
    expect(await eventually(async () => (await attempts()) === 1)).toBe(true);
    wire.cut();
    await expect(charging).rejects.toThrow('Redis');
    const refused = await Promise.allSettled(Array.from({ length: 10_001 }, charge));
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    await wire.heal();
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('is a charge that was overtaken by what takes it back: it is not charged after all', async () => {
    wire.hold();
    const charging = charge();
    // The wire has it when it has been read, on this thread, too.
    await pause(30);
    // In time to be carried out, and after the new connection that takes it back.
    wire.leaveBehind(200);
    await expect(charging).rejects.toThrow('Redis');
    expect(await eventually(async () => (await attempts()) === 1)).toBe(true);
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('is nothing where Redis was frozen: a command that comes too late is not carried out', async () => {
    redis.freeze();
    await expect(charge()).rejects.toThrow('does not answer');
    await expect(stores.accounts.declare('wx_a', 1)).rejects.toThrow('Redis');
    redis.thaw();
    expect(await back()).toBe(true);
    expect(await attempts()).toBe(0);
    expect(await stores.accounts.find('wx_a')).toBeUndefined();
  });

  test('is a key that was acquired: it is free again', async () => {
    wire.mute();
    await expect(acquire()).rejects.toThrow('does not answer');
    await wire.heal();
    expect(await back()).toBe(true);
    expect(await eventually(async () => (await acquire()).kind === 'acquired')).toBe(true);
  });

  test.each(['frozen', 'cut off', 'full', 'a replica'])(
    'is a first answer that Redis could not take while it was %s: it is replayed after that',
    async (how) => {
      await acquire();
      if (how === 'frozen') redis.freeze();
      if (how === 'cut off') wire.cut();
      if (how === 'full') await redis.command('CONFIG', 'SET', 'maxmemory', '1');
      if (how === 'a replica') await redis.command('REPLICAOF', '127.0.0.1', '1');
      await expect(stores.idempotency.complete(KEY, Buffer.from('first'))).rejects.toThrow('Redis');
      if (how === 'frozen') redis.thaw();
      if (how === 'cut off') await wire.heal();
      if (how === 'full') await redis.command('CONFIG', 'SET', 'maxmemory', '0');
      if (how === 'a replica') await redis.command('REPLICAOF', 'NO', 'ONE');
      const isKept = async () => (await acquire().catch(() => undefined))?.kind === 'completed';
      expect(await eventually(isKept)).toBe(true);
      expect(await acquire()).toEqual({ kind: 'completed', answer: Buffer.from('first') });
    },
  );

  test('is a first answer whose key Redis has lost: it is kept all the same', async () => {
    await acquire();
    await redis.command('FLUSHALL');
    await stores.idempotency.complete(KEY, Buffer.from('first'));
    expect(await acquire()).toEqual({ kind: 'completed', answer: Buffer.from('first') });
  });

  test('is a charge that is to be refunded while Redis is away: it is refunded', async () => {
    const charged = await charge();
    if (charged.kind !== 'charged') throw new Error('It is not charged');
    wire.cut();
    await expect(stores.ledger.refund('wx_a', charged.attemptId)).rejects.toThrow('Redis');
    await wire.heal();
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('is owed to the end: what a gateway owes when it stops is told then', async () => {
    const charged = await charge();
    if (charged.kind !== 'charged') throw new Error('It is not charged');
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    await expect(stores.ledger.refund('wx_a', charged.attemptId)).rejects.toThrow('READONLY');
    await eventually(() => away);
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await eventually(() => !away);
    await stores.close();
    expect(await attempts()).toBe(0);
  });
});
