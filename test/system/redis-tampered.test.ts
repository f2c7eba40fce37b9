/**
 * A Redis with limited rights, with a clock that was set back, or into which another program writes: gateways keep
 * working correctly.
 */
import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openStores } from '../../src/stores/open.ts';
import { plain } from '../../src/stores/redis/connection.ts';
import { addBody, sentAdds, TRUSTING } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import {
  processesOnRedis,
  type ProcessesOnRedis,
  type SeveralGateways,
  threeGateways,
} from '../support/gateways-on-redis.ts';
import { httpCall, httpGet, readiness } from '../support/http-client.ts';
import { heldUpstream } from '../support/raw-upstream.ts';
import {
  askList,
  listBytes,
  listCalls,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  saveList,
} from '../support/lists.ts';
import { NO_EVENTS } from '../support/stores-under-test.ts';

/** In the long run, more lists than are saved to Redis after an outage. */
const MANY = budget(1_000, 10_001);
const LIST_LEASE = 'gewe-gateway:{wx_1}:lease:list';

describeOnRedis('A gateway as a process', () => {
  let all: ProcessesOnRedis;
  afterEach(() => all.stop());

  test('becomes unready if it may not subscribe in Redis, and ready when it may again', async () => {
    all = await processesOnRedis(TRUSTING);
    const gateway = await all.start();
    expect((await readiness(gateway.url)).status).toBe(200);
    await all.redis.command('ACL', 'SETUSER', 'default', 'resetchannels');
    await all.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await all.redis.command('CLIENT', 'KILL', 'TYPE', 'normal');

    const isReady = async (status: number) => (await readiness(gateway.url)).status === status;
    expect(await eventually(() => isReady(503))).toBe(true);
    await all.redis.command('ACL', 'SETUSER', 'default', 'allchannels');
    expect(await eventually(() => isReady(200))).toBe(true);
  });

  test('keeps working if others publish invalid messages on its channel', async () => {
    all = await processesOnRedis(TRUSTING);
    const gateway = await all.start();
    for (const text of ['null', '{', '{"kind":"open"}', '{"kind":"closed"}', '7']) {
      await all.redis.command('PUBLISH', 'gewe-gateway:news:0', `breaker x ${text}`);
    }
    await all.redis.command('PUBLISH', 'gewe-gateway:news:0', 'nothing-known');
    await all.redis.command('SET', 'gewe-gateway:breaker', 'nonsense');
    const reply = await askList(gateway, 'wx_1', NO_FALLBACK);
    expect(reply.headers['x-gateway-source']).toBe('live');
    expect((await readiness(gateway.url)).status).toBe(200);
  });

  test('works with a Redis user that has only the rights in the recipe', async () => {
    all = await processesOnRedis(TRUSTING);
    const recipe = await readFile(
      new URL('../../docs/recipes/run-three.md', import.meta.url),
      'utf8',
    );
    const [, rights = ''] = /redis-cli -p 6380 ACL SETUSER gateway (.+)/.exec(recipe) ?? [];
    const words = rights.replaceAll("'", '').split(' ');
    await all.redis.command('ACL', 'SETUSER', 'gateway', ...words);
    const STORE_URL = all.redis.url.replace('redis://', 'redis://gateway:PASSWORD@');
    const env = { STORE_URL, LIST_DEADLINE_MS: '30000' };
    const gateways = [await all.start(env), await all.start(env)] as const;
    // Long enough for both requests to arrive, also on a machine that is busy.
    all.simulator.behave('wx_1', { delayMs: 3000 });
    const replies = await Promise.all(gateways.map((one) => askList(one, 'wx_1')));
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(listCalls(all, 'wx_1')).toBe(1);
    const response = await httpGet(gateways[0].url, '/readyz');
    expect(response.json()).toEqual({ status: 'ready', notReady: [], breaker: 'closed' });
  });

  test('warns if its Redis user may not call INFO, without reporting an outage', async () => {
    all = await processesOnRedis(TRUSTING);
    await all.redis.command(
      'ACL',
      'SETUSER',
      'gateway',
      'on',
      '>secret-of-redis',
      '~*',
      '&*',
      '+@all',
      '-@dangerous',
    );
    const STORE_URL = all.redis.url.replace('redis://', 'redis://gateway:secret-of-redis@');
    const gateway = await all.start({ STORE_URL });
    const told = await gateway.process.printed(/"what":"([\w-]+)"/);
    expect(told[1]).toBe('store-does-not-tell');
    const response = await httpGet(gateway.url, '/readyz');
    expect(response.json()).toMatchObject({
      status: 'ready',
      warnings: ['store-does-not-tell'],
    });
    expect(gateway.process.output()).not.toMatch(/the store is away|secret-of-redis/);
  });
});

describeOnRedis('three gateways', () => {
  let all: SeveralGateways;
  afterEach(() => all.stop());

  test('make a new call if the last one ended in the future, because the clock was set back', async () => {
    all = await threeGateways();
    await saveList(all.gateways[0], 'wx_1', listBytes('old'));
    expect(await all.redis.command('EXISTS', LIST_LEASE)).toBe(1);
    await all.redis.command('HSET', LIST_LEASE, 'endedAt', String(Date.now() + 300_000));
    await all.redis.command('PERSIST', LIST_LEASE);

    for (const gateway of all.gateways)
      await askList(gateway, 'wx_1', { ...NO_FALLBACK, Prefer: 'wait=60' });
    expect(listCalls(all, 'wx_1')).toBe(4);
  });

  test('take over a lease longer than the maximum, because the clock was set back', async () => {
    all = await threeGateways();
    const [id, expiresAt] = ['somebody', String(Date.now() + 300_000)];
    await all.redis.command(
      'HSET',
      LIST_LEASE,
      'holder',
      id,
      'since',
      String(Date.now()),
      'expiresAt',
      expiresAt,
    );
    const reply = await askList(all.gateways[0], 'wx_1', { ...NO_FALLBACK, Prefer: 'wait=60' });
    expect(reply.headers['x-gateway-source']).toBe('live');
  });

  test('begin a new rate limit window if the last one is longer than the maximum, because the clock was set back', async () => {
    all = await threeGateways(() => ({ policy: 'clientRate: { requestsPerMinute: 1 }' }));
    const search = () => all.gateways[0].post('search', { appId: 'wx_a', contactsInfo: 'x' });
    await search().expect(200);
    await search().expect(429);
    await all.redis.command('PEXPIRE', 'gewe-gateway:rate:test', '360000');
    await search().expect(200);
  });

  test('delete a list from the memory of each one at once, even if Redis then loses its data', async () => {
    all = await threeGateways();
    await saveList(all.gateways[0], 'wx_1', listBytes('ann'));
    for (const gateway of all.gateways) {
      expect((await askList(gateway, 'wx_1', ONLY_IF_CACHED)).status).toBe(200);
    }
    const { opsUrl } = all.gateways[0];
    const headers = { Origin: opsUrl };
    const forget = { method: 'DELETE', path: '/admin/lists/wx_1', headers };
    expect((await httpCall(opsUrl, forget)).status).toBe(204);
    await all.redis.command('FLUSHALL');
    for (const gateway of all.gateways) {
      expect((await askList(gateway, 'wx_1', ONLY_IF_CACHED)).status).toBe(504);
    }
  });

  test('make their own call if the result of another one is unreadable', async () => {
    all = await threeGateways();
    const now = String(Date.now());
    await all.redis.command(
      'HSET',
      LIST_LEASE,
      'holder',
      'somebody',
      'since',
      now,
      'endedAt',
      now,
      'reuseMs',
      '300',
      'result',
      '{',
    );
    const reply = await askList(all.gateways[1], 'wx_1', NO_FALLBACK);
    expect(reply.headers['x-gateway-source']).toBe('live');
  });

  test('send the request with an Idempotency-Key once, even if Redis loses its data meanwhile', async () => {
    const upstream = await heldUpstream();
    all = await threeGateways(() => ({
      policy: TRUSTING,
      env: { GEWE_BASE_URL: upstream.baseUrl },
    }));
    const send = () =>
      all.gateways[0].post('addContacts', addBody('wx_a', 'v3_ann'), { 'Idempotency-Key': 'k1' });
    const first = send().then(({ text }) => text);
    const call = await upstream.next('contacts/addContacts');
    await all.redis.command('FLUSHALL');
    expect((await send()).body.code).toBe('idempotency-in-progress');
    call.answer('{"ret":200,"msg":"ok"}');
    await first;
    const again = await send();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(upstream.count('contacts/addContacts', 'wx_a')).toBe(1);
    expect(sentAdds(all.simulator)).toEqual([]);
    await upstream.stop();
  });

  test('save a pending response for a key even if thousands of lists are pending', async () => {
    all = await threeGateways();
    const stores = await openStores(all.redis.url, {
      clock: undefined,
      listMemoryBytes: 50_000_000,
      events: NO_EVENTS,
    });
    const key = { appId: 'wx_a', id: 'kept' };
    const now = stores.clock.now();
    const times = { now, leaseUntil: now + 60_000, expiresAt: now + 86_400_000 };
    await stores.idempotency.acquire(key, 'body', times);
    await all.redis.kill();
    await expect(stores.idempotency.complete(key, Buffer.from('answer'))).rejects.toThrow('Redis');
    const list = { body: Buffer.from('{}'), savedAt: now, source: 'live' } as const;
    const saves = Array.from({ length: MANY }, (_, i) => stores.lists.save(`wx_${i}`, list));
    expect((await Promise.allSettled(saves)).every(({ status }) => status === 'rejected')).toBe(
      true,
    );
    await all.redis.start();
    const isKept = () =>
      stores.idempotency.acquire(key, 'body', times).then(
        ({ kind }) => kind === 'completed',
        () => false,
      );
    expect(await eventually(isKept)).toBe(true);
    await stores.close();
  }, 600_000);
});

describe('the reply of Redis to an unknown command', () => {
  test('is reported without its arguments, one of which may be the password', () => {
    const error = Object.assign(
      new Error("ERR unknown command 'AUTH', with args beginning with: 'joe' 'secret-of-redis' "),
      { name: 'ReplyError' },
    );
    expect(plain(error).message).toBe("Redis: ERR unknown command 'AUTH'");
  });
});
