import { afterEach, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { systemClock } from '../../src/time.ts';
import { addBody, DAY_MS, MINUTE_MS, TRUSTING } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import type { RunningGateway } from '../support/gateway-processes.ts';
import { processesOnRedis, type ProcessesOnRedis } from '../support/gateways-on-redis.ts';
import {
  askList,
  LIST,
  listBytes,
  listCalls,
  NO_FALLBACK,
  ONLY_IF_CACHED,
} from '../support/lists.ts';
import { KEY } from '../support/start-gateway.ts';

describeOnRedis('gateways as processes on one Redis', () => {
  let all: ProcessesOnRedis;
  afterEach(() => all.stop());

  const post = ({ url }: RunningGateway, body: object) =>
    supertest(url).post('/contacts/addContacts').set('Authorization', `Bearer ${KEY}`).send(body);

  test('with clocks minutes apart use the time of Redis', async () => {
    all = await processesOnRedis(`addContacts: { add: { minimumGapSeconds: 60 } }`);
    const skews = [0, -7 * MINUTE_MS, 5 * MINUTE_MS];
    const gateways = await Promise.all(skews.map((skewMs) => all.start({}, skewMs)));
    const onlineSince = new Date(systemClock.now() - 3 * DAY_MS - MINUTE_MS).toISOString();
    const [{ opsUrl } = { opsUrl: '' }] = gateways;
    await supertest(opsUrl)
      .put('/admin/accounts/wx_a')
      .set('Origin', opsUrl)
      .send({ onlineSince })
      .expect(200);

    // Old enough by a minute: by its own clock, the second gateway would find it too young.
    const [first, ...others] = [1, 0, 2].flatMap((index) => gateways[index] ?? []);
    await post(first as RunningGateway, addBody('wx_a', 'v3_0')).expect(200);
    const opensAt = systemClock.now() + MINUTE_MS;
    for (const [index, gateway] of others.entries()) {
      const { body, headers } = await post(gateway, addBody('wx_a', `v3_${index}b`)).expect(429);
      expect(body.code).toBe('add-too-soon');
      expect(Math.abs(Date.parse(body.retryAt) - opensAt)).toBeLessThan(10_000);
      expect(Number(headers['retry-after'])).toBeGreaterThan(45);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    }
  });

  test('take over the refresh of one that is killed', async () => {
    all = await processesOnRedis(TRUSTING);
    const env = { LIST_DEADLINE_MS: '60000', LIST_POLL_MS: '60000' };
    const [owner, second, third] = [
      await all.start(env),
      await all.start(env),
      await all.start(env),
    ];
    all.simulator.behave('wx_1', [
      { operations: ['fetchContactsList'], hang: true, times: 1 },
      { operations: ['fetchContactsList'], raw: { body: listBytes('ann') } },
      { cacheList: 'none' },
    ]);
    const lost = askList(owner, 'wx_1').catch(() => 'lost');
    await all.simulator.waitForCall(({ operation }) => operation === LIST);
    const waiting = [second, third].map((one) => askList(one, 'wx_1'));
    const askImpatiently = async (one: RunningGateway | undefined) => {
      const from = performance.now();
      const { status } = await askList(one as RunningGateway, 'wx_1', { Prefer: 'wait=1' });
      return { status, tookMs: performance.now() - from };
    };
    // No list is saved: it is refused when its own time is over, whatever happens to the others.
    const refused = await askImpatiently(second);
    expect(refused.status).toBe(504);

    const alsoImpatient = askImpatiently(third);
    owner.process.kill('SIGKILL');
    await lost;
    // The death of the owner is noticed only when its lease of three seconds has ended.
    const { status: refusedWith, tookMs } = await alsoImpatient;
    expect(refusedWith).toBe(504);
    expect(tookMs).toBeLessThan(refused.tookMs + 1900);
    for (const { status, body } of await Promise.all(waiting)) {
      expect([status, body.toString()]).toEqual([200, listBytes('ann')]);
    }
    expect(listCalls(all, 'wx_1')).toBe(2);
    const saved = await askList(third, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('ann'));
  });

  test('repeat a refresh that one of them ended at its stop', async () => {
    all = await processesOnRedis(TRUSTING);
    const env = { LIST_DEADLINE_MS: '60000', LIST_POLL_MS: '60000', SHUTDOWN_GRACE_MS: '100' };
    const [owner, second] = [await all.start(env), await all.start(env)];
    all.simulator.behave('wx_1', [
      { operations: ['fetchContactsList'], hang: true, times: 1 },
      { operations: ['fetchContactsList'], raw: { body: listBytes('ann') } },
      { cacheList: 'none' },
    ]);
    const ended = askList(owner, 'wx_1', NO_FALLBACK);
    await all.simulator.waitForCall(({ operation }) => operation === LIST);
    // No list is saved and no other call was made: it waits for the call of the other gateway.
    expect((await askList(second, 'wx_1', { Prefer: 'wait=1' })).status).toBe(504);
    expect(listCalls(all, 'wx_1')).toBe(1);
    const waiting = askList(second, 'wx_1');
    owner.process.kill('SIGTERM');

    expect((await ended).status).toBe(503);
    expect((await owner.process.ended).code).toBe(0);
    expect((await waiting).body.toString()).toBe(listBytes('ann'));
    expect(listCalls(all, 'wx_1')).toBe(2);
  });

  test("end the wait for another gateway's refresh with shutting-down when they stop", async () => {
    all = await processesOnRedis(TRUSTING);
    const env = { LIST_DEADLINE_MS: '60000', LIST_POLL_MS: '60000', SHUTDOWN_GRACE_MS: '100' };
    const [owner, second] = [await all.start(env), await all.start(env)];
    all.simulator.behave('wx_1', { operations: ['fetchContactsList'], hang: true });
    const owned = askList(owner, 'wx_1');
    await all.simulator.waitForCall(({ operation }) => operation === LIST);
    const waiting = askList(second, 'wx_1');
    // It was read when a later request has been answered.
    await askList(second, 'wx_1', ONLY_IF_CACHED);
    second.process.kill('SIGTERM');

    const { status, body } = await waiting;
    expect([status, JSON.parse(body.toString()).code]).toEqual([503, 'shutting-down']);
    expect((await second.process.ended).code).toBe(0);
    expect(listCalls(all, 'wx_1')).toBe(1);
    owner.process.kill('SIGTERM');
    expect((await owned).status).toBe(503);
  });
});
