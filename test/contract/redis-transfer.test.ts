/** A whole store is copied out of one database of Redis into another. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openRedisStores } from '../../src/stores/redis/redis-stores.ts';
import { openSource, openTarget } from '../../src/stores/redis/transfer.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { SECTIONS, type CopyTarget, type ReadableStore } from '../../src/stores/transfer.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { movableClock } from '../support/movable-clock.ts';
import { ANN, chargedOf, entryOf, quotaRule } from '../support/quota-rules.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { NO_EVENTS } from '../support/stores-under-test.ts';
import { actionAt, fetchAt, refusalAt } from './history-store.contract.ts';

const RULES = [quotaRule(5)];
const FIRST_KEY = { id: 'k1', secret: 's', createdAt: 1 };

describeOnRedis('A store in Redis', () => {
  let redis: RedisUnderTest;
  const urlOf = (database: number) => `${redis.url}/${database}`;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.command('FLUSHALL'));

  const opened: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  const now = Date.now();
  const clock = movableClock(now);
  const open = async (database: number) =>
    kept(await openRedisStores(urlOf(database), clock, 0, NO_EVENTS));

  const sourceAt = async (url: string) => kept(await openSource(url));
  const targetAt = async (url: string) => kept(await openTarget(url));

  async function fill(stores: Stores): Promise<void> {
    const { accounts, history, idempotency, issuerKeys, ledger, lists, sessions } = stores;
    await accounts.seen('wx_a', 1);
    await accounts.declare('wx_a', 2);
    await accounts.declare('wx_b', 3);
    for (const appId of ['wx_a', 'wx_b']) {
      const { entryId } = chargedOf(await ledger.charge(appId, ANN, RULES, entryOf(appId)));
      await history.complete(appId, entryId, { kind: 'sent', ret: 200 });
      await history.addRefusals([refusalAt(now, { appId, count: 3, subject: 'alice' })]);
      await history.begin(entryOf(appId));
      await history.addAction(actionAt(now, { appId }));
      await history.addFetches([fetchAt(now - 1, { appId }), fetchAt(now, { appId })]);
      await lists.save(appId, { body: Buffer.from(`list ${appId}`), savedAt: now, source: 'live' });
    }
    const rejected = await history.begin(entryOf('wx_a', { option: 4 }));
    const code = 'upstream-token-rejected';
    await history.complete('wx_a', rejected, { kind: 'refused', code, rule: undefined });
    await history.addCounts([{ client: 'crm', code: 'ok', bucket: now, count: 7 }]);
    const times = { now, leaseUntil: now + 1000, expiresAt: now + 60_000 };
    await idempotency.acquire({ appId: 'wx_a', id: 'done' }, 'print', times);
    await idempotency.complete({ appId: 'wx_a', id: 'done' }, Buffer.from('answer'));
    await idempotency.acquire({ appId: 'wx_b', id: 'lost' }, 'print', times);
    await sessions.signingKeys(FIRST_KEY);
    await sessions.end('crm', 'a/b', now);
    await sessions.end('crm', undefined, now - 1);
    await issuerKeys.save('https://id.example', { keys: '{}', fetchedAt: 4 });
  }

  /** The records of each section; the ids of entries are the engine's own. */
  async function readAll(store: ReadableStore): Promise<Record<string, unknown[]>> {
    const sections: Record<string, unknown[]> = {};
    for (const section of SECTIONS) {
      const records: object[] = [];
      for await (const batch of store.read(section)) records.push(...batch);
      sections[section] = records.map((one) => ({ ...one, id: 'fingerprint' in one && one }));
    }
    return sections;
  }

  async function copy(source: ReadableStore, target: CopyTarget): Promise<void> {
    const one = async <S extends (typeof SECTIONS)[number]>(section: S) => {
      for await (const batch of source.read(section)) {
        expect(await target.write(section, batch)).toBe(batch.length);
      }
    };
    for (const section of SECTIONS) await one(section);
  }

  const inAnyOrder = (sections: Record<string, unknown[]>) =>
    Object.entries(sections).map(([section, records]) => [
      section,
      records.map((one) => JSON.stringify(one)).sort(),
    ]);

  test('is copied whole: a copy has the same records, and gateways work on with it', async () => {
    const before = await open(0);
    await fill(before);
    await before.close();
    const source = await sourceAt(urlOf(0));
    const target = await targetAt(urlOf(1));
    await copy(source, target);
    await target.finish();
    const [records, copied] = [await readAll(source), await readAll(target)];
    for (const section of SECTIONS) expect([section, records[section]?.length]).not.toContain(0);
    expect(inAnyOrder(copied)).toEqual(inAnyOrder(records));
    const ofOne = ({ attempts = [] }: Record<string, unknown[]>) =>
      attempts.filter((one) => JSON.stringify(one).includes('wx_a'));
    expect(ofOne(copied)).toEqual(ofOne(records));
    await Promise.all([source.close(), target.close()]);

    const after = await open(1);
    const [usage] = await after.ledger.usage('wx_a', RULES, undefined);
    expect(usage?.left).toBe(4);
    const times = { now, leaseUntil: now + 1000, expiresAt: now + 60_000 };
    const acquire = (appId: string, id: string) =>
      after.idempotency.acquire({ appId, id }, 'print', times);
    expect(await acquire('wx_a', 'done')).toEqual({
      kind: 'completed',
      answer: Buffer.from('answer'),
    });
    expect((await acquire('wx_b', 'lost')).kind).toBe('lost');
    expect(await after.sessions.signingKeys()).toEqual([FIRST_KEY]);
    expect(await after.listIndex.index(undefined, 10)).toHaveLength(2);
    // A refusal of the same minute is counted where the others are.
    await after.history.addRefusals([refusalAt(now, { subject: 'alice' })]);
    const attempts = await after.history.attempts('wx_a', { after: undefined, limit: 10 });
    expect(attempts.map(({ count }) => count).sort()).toEqual([1, 1, 1, 4]);
    const all = await after.history.prune({ before: now + 1, maxRows: 10 });
    expect(all).toBe(9);
  });

  test('is neither a source nor a target while a gateway uses it', async () => {
    const gateway = await open(0);
    await expect(sourceAt(urlOf(0))).rejects.toThrow('a gateway uses it');
    await expect(targetAt(urlOf(0))).rejects.toThrow('a gateway uses it');
    await sourceAt(urlOf(1));
    await gateway.close();
    const isFree = () =>
      sourceAt(urlOf(0)).then(
        () => true,
        () => false,
      );
    expect(await eventually(isFree)).toBe(true);
  });

  test('is no source if a gateway comes while it is copied: what that one charges would be missing', async () => {
    const source = await sourceAt(urlOf(0));
    await source.checkUnused();
    await open(0);
    // Its subscription may take a moment.
    const isUsed = () =>
      source.checkUnused().then(
        () => false,
        () => true,
      );
    expect(await eventually(isUsed)).toBe(true);
    await expect(source.checkUnused()).rejects.toThrow('A gateway has begun to use redis://');
  });

  test('is no target if it has anything in it, and no source if nobody answers', async () => {
    await redis.command('SET', 'gewe-gateway:session-keys', 'x');
    await expect(targetAt(urlOf(0))).rejects.toThrow('it is not empty');
    const nobody = sourceAt('redis://user:secret@127.0.0.1:1/0');
    const error: unknown = await nobody.catch((reason: unknown) => reason);
    expect(String(error)).toContain('redis://127.0.0.1:1/0');
    expect(String(error)).not.toContain('secret');
  });

  test('is of no use to gateways until the copy is complete, nor to another copy', async () => {
    const target = await targetAt(urlOf(0));
    const away: string[] = [];
    const events = { ...NO_EVENTS, onAway: (why: Error) => away.push(why.message) };
    const gateway = kept(await openRedisStores(urlOf(0), clock, 0, events));
    await expect(gateway.accounts.find('wx_a')).rejects.toThrow('half a copy');
    await expect(gateway.check()).rejects.toThrow('half a copy');
    expect(away).toEqual([expect.stringContaining('half a copy')]);
    await expect(sourceAt(urlOf(0))).rejects.toThrow('half a copy');
    await target.finish();
    const isBack = () =>
      gateway.check().then(
        () => true,
        () => false,
      );
    expect(await eventually(isBack)).toBe(true);
  });
});
