/** Commands that Redis carried out, but whose reply was lost: their effect is undone or completed later. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { cuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { refusalAt } from '../contract/history-store.contract.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { ANN, quotaRule, entryOf, chargedOf } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';

const RULES = [quotaRule(5)];
const KEY = { appId: 'wx_a', id: 'key' };

describeOnRedis('Redis stores after an outage or a lost reply', () => {
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
    // Redis knows all scripts now, so each later operation is one command.
    await stores.ledger.charge('wx_warm', ANN, RULES, entryOf());
    await acquire('wx_warm');
    await stores.history.begin(entryOf('wx_warm'));
  });
  afterEach(async () => {
    await stores.close();
    await wire.stop();
    await redis.stop();
  });

  const left = async () => (await stores.ledger.usage('wx_a', RULES, undefined))[0]?.left;
  const charge = () => stores.ledger.charge('wx_a', ANN, RULES, entryOf());
  const outcomes = async () => {
    const page = { after: undefined, limit: 10 };
    const entries = await stores.history.attempts('wx_a', page).catch(() => []);
    return entries.map(({ outcome }) => outcome.kind);
  };
  const attempts = (appId = 'wx_a') =>
    redis.command('ZCARD', `gewe-gateway:{${appId}}:attempts`).then(Number);

  function acquire(appId = 'wx_a', id = KEY.id) {
    const now = stores.clock.now();
    const times = { now, leaseUntil: now + 60_000, expiresAt: now + 86_400_000 };
    return stores.idempotency.acquire({ appId, id }, 'fingerprint', times);
  }

  const back = () => eventually(() => !away);

  test('refund a charge whose reply was lost', async () => {
    wire.mute();
    await expect(charge()).rejects.toThrow('does not answer');
    expect(await attempts()).toBe(1);
    await wire.heal();
    expect(await back()).toBe(true);
    expect(await eventually(async () => (await left()) === 5)).toBe(true);
    expect(await outcomes()).toEqual(['returned']);
  });

  test('refund a charge whose reply and connection were lost', async () => {
    wire.mute();
    const charging = charge();
    expect(await eventually(async () => (await attempts()) === 1)).toBe(true);
    wire.cut();
    await expect(charging).rejects.toThrow('Redis');
    await wire.heal();
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('refund such a charge even after 10,000 more attempts were refused', async () => {
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

  test('refund a charge that reaches Redis after its refund', async () => {
    wire.hold();
    const charging = charge();
    // The proxy has the bytes when they have been read, on this thread, too.
    await pause(30);
    // Early enough to be carried out, but after the refund on the new connection.
    wire.leaveBehind(200);
    await expect(charging).rejects.toThrow('Redis');
    expect(await eventually(async () => (await attempts()) === 1)).toBe(true);
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('end an entry as returned that is not charged and whose reply was lost', async () => {
    wire.mute();
    await expect(stores.history.begin(entryOf())).rejects.toThrow('does not answer');
    await wire.heal();
    expect(await eventually(async () => (await outcomes())[0] === 'returned')).toBe(true);
  });

  test('write the outcome of an attempt later that they could not write', async () => {
    const { entryId } = chargedOf(await charge());
    wire.cut();
    const completing = stores.history.complete('wx_a', entryId, { kind: 'sent', ret: 200 });
    await expect(completing).rejects.toThrow('Redis');
    await wire.heal();
    expect(await eventually(async () => (await outcomes())[0] === 'sent')).toBe(true);
  });

  test('count refusals once whose reply was lost, and reject those that were not sent', async () => {
    const at = stores.clock.now();
    const add = (count: number) => stores.history.addRefusals([refusalAt(at, { count })]);
    await add(1);
    wire.mute();
    await add(10);
    await expect(add(100)).rejects.toThrow('Redis');
    await wire.heal();
    expect(await back()).toBe(true);
    // Closing makes all pending writes once more.
    await stores.close();
    const [entry] = (await redis.command('HVALS', 'gewe-gateway:{wx_a}:journal')) as unknown[];
    expect(String(entry).split(' ')[1]).toBe('11');
  });

  test('do not carry out a command that is too late because Redis was frozen', async () => {
    redis.freeze();
    await expect(charge()).rejects.toThrow('does not answer');
    await expect(stores.accounts.declare('wx_a', 1)).rejects.toThrow('Redis');
    redis.thaw();
    expect(await back()).toBe(true);
    expect(await attempts()).toBe(0);
    expect(await stores.accounts.find('wx_a')).toBeUndefined();
  });

  test('release an Idempotency-Key whose reply was lost', async () => {
    wire.mute();
    await expect(acquire()).rejects.toThrow('does not answer');
    await wire.heal();
    expect(await back()).toBe(true);
    expect(await eventually(async () => (await acquire()).kind === 'acquired')).toBe(true);
  });

  test.each(['frozen', 'cut off', 'full', 'a replica'])(
    'save a first response later that Redis could not save while it was %s',
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

  test('save a first response whose record Redis has lost', async () => {
    await acquire();
    await redis.command('FLUSHALL');
    await stores.idempotency.complete(KEY, Buffer.from('first'));
    expect(await acquire()).toEqual({ kind: 'completed', answer: Buffer.from('first') });
  });

  test('send a refund again that failed during an outage', async () => {
    const charged = chargedOf(await charge());
    wire.cut();
    await expect(stores.ledger.refund('wx_a', charged)).rejects.toThrow('Redis');
    await wire.heal();
    expect(await eventually(async () => (await attempts()) === 0)).toBe(true);
  });

  test('send a pending refund before they close', async () => {
    const charged = chargedOf(await charge());
    await redis.command('REPLICAOF', '127.0.0.1', '1');
    await expect(stores.ledger.refund('wx_a', charged)).rejects.toThrow('READONLY');
    await eventually(() => away);
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await eventually(() => !away);
    await stores.close();
    expect(await attempts()).toBe(0);
  });
});
