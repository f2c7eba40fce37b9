import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, sentAdds, TRUSTING } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { askList, listBytes, listCalls, saveList } from '../support/lists.ts';
import { roundRobin, threeGateways, type SeveralGateways } from '../support/gateways-on-redis.ts';

describeOnRedis('three gateways on one Redis', () => {
  let all: SeveralGateways;
  afterEach(() => all.stop());

  const gateway = (index: number) => roundRobin(all.gateways, index);
  const ask = (index: number, appId: string) => askList(gateway(index), appId);
  const isOpen = async (index: number) => {
    const { text } = await supertest(gateway(index).opsUrl).get('/metrics');
    return /^gewe_gateway_breaker_open 1$/m.test(text);
  };
  const allSay = (open: boolean) =>
    eventually(async () => {
      const said = await Promise.all([0, 1, 2].map(isOpen));
      return said.every((one) => one === open);
    });

  describe('share one breaker', () => {
    const accounts = ['wx_a', 'wx_b', 'wx_c', 'wx_d'];

    async function start(policy: string): Promise<void> {
      all = await threeGateways(() => ({ policy, env: { SHUTDOWN_GRACE_MS: '0' } }));
      for (const appId of accounts) await saveList(all.gateways[0], appId, listBytes(appId));
      all.simulator.behave('*', { reset: true });
      for (const appId of accounts) all.simulator.behave(appId, []);
    }

    test('that opens for all after one failure at each of them', async () => {
      await start('breaker: { failures: 3, windowSeconds: 60, probeEverySeconds: 3600 }');
      for (const index of [0, 1, 2]) await ask(index, accounts[index] ?? '');
      expect(await allSay(true)).toBe(true);
      // A call to the upstream would now hang.
      all.simulator.behave('*', { hang: true });

      for (const index of [0, 1, 2]) {
        const reply = await ask(index, 'wx_d');
        expect(reply.headers['cache-status']).toBe('gewe-gateway; hit');
      }
      expect(listCalls(all, 'wx_d')).toBe(1);
    });

    test('that closes for all after a response at one of them', async () => {
      await start('breaker: { failures: 3, windowSeconds: 60, probeEverySeconds: 3600 }');
      for (const index of [0, 1, 2]) await ask(index, accounts[index] ?? '');
      expect(await allSay(true)).toBe(true);
      all.simulator.behave('*', []);

      await gateway(1).post('search', { appId: 'wx_z', contactsInfo: 'x' }).expect(200);
      expect(await allSay(false)).toBe(true);
    });

    test('that sends at most one probe per window from all of them', async () => {
      await start('breaker: { failures: 3, windowSeconds: 60, probeEverySeconds: 0.3 }');
      for (const index of [0, 1, 2]) await ask(index, accounts[index] ?? '');
      expect(await allSay(true)).toBe(true);
      const before = listCalls(all, 'wx_d');
      const begun = performance.now();
      // Every gateway asks all the time, and the upstream resets each connection.
      await eventually(async () => {
        await Promise.all([0, 1, 2].map((index) => ask(index, 'wx_d')));
        return performance.now() - begun > 2000;
      });
      const windows = (performance.now() - begun) / 300;
      const probes = listCalls(all, 'wx_d') - before;
      expect(probes).toBeGreaterThanOrEqual(1);
      expect(probes).toBeLessThanOrEqual(Math.ceil(windows));
    });

    test('whose count of failures is reset by a success at any of them', async () => {
      await start('breaker: { failures: 3, windowSeconds: 60, probeEverySeconds: 3600 }');
      await ask(0, 'wx_a');
      await ask(1, 'wx_b');
      all.simulator.behave('*', []);
      await gateway(2).post('search', { appId: 'wx_z', contactsInfo: 'x' }).expect(200);
      expect(
        await eventually(
          async () => (await all.redis.command('EXISTS', 'gewe-gateway:breaker')) === 0,
        ),
      ).toBe(true);
      all.simulator.behave('*', { reset: true });
      await ask(0, 'wx_a');
      await ask(1, 'wx_b');
      expect(await Promise.all([0, 1, 2].map(isOpen))).toEqual([false, false, false]);
    });
  });

  test('share accounts that one of them saw, and check a new one with checkOnline once', async () => {
    all = await threeGateways();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        gateway(i).post('addContacts', addBody('wx_new', `v3_${i}`)),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set(['account-too-young']));
    expect(new Set(answers.map(({ body }) => body.onlineSince)).size).toBe(1);
    const questions = all.simulator.calls.filter(
      ({ operation }) => operation === 'login/checkOnline',
    );
    expect(questions).toHaveLength(1);

    await gateway(0).post('search', { appId: 'wx_seen', contactsInfo: 'x' }).expect(200);
    const known = await eventually(async () => {
      const { status } = await supertest(gateway(2).opsUrl).get('/admin/accounts/wx_seen');
      return status === 200;
    });
    expect(known).toBe(true);
  });

  test('share a declaration that an operator made at one of them', async () => {
    all = await threeGateways();
    const declare = () =>
      supertest(gateway(0).opsUrl)
        .put('/admin/accounts/wx_a')
        .set('Origin', gateway(0).opsUrl)
        .send({ onlineSince: '2026-01-01T00:00:00Z' });
    await gateway(1).post('addContacts', addBody('wx_a', 'v3_ann')).expect(429);
    await declare().expect(200);
    await gateway(1).post('addContacts', addBody('wx_a', 'v3_ann')).expect(200);
    await supertest(gateway(2).opsUrl)
      .delete('/admin/accounts/wx_a')
      .set('Origin', gateway(2).opsUrl)
      .expect(204);
    const { body } = await gateway(0).post('addContacts', addBody('wx_a', 'v3_bob')).expect(429);
    expect(body.code).toBe('account-too-young');
  });

  test('send an addContacts with one Idempotency-Key once, and all replay its response', async () => {
    all = await threeGateways(() => ({ policy: TRUSTING }));
    all.simulator.behave('wx_a', { delayMs: 200 });
    const send = (i: number, v3 = 'v3_ann') =>
      gateway(i).post('addContacts', addBody('wx_a', v3), { 'Idempotency-Key': 'k1' });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => send(i)));
    const [first] = answers.filter(({ status }) => status === 200);
    for (const { status } of answers) expect([200, 409]).toContain(status);

    for (const i of [0, 1, 2]) {
      const again = await send(i).expect(200);
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(again.text).toBe(first?.text);
      expect((await send(i, 'v3_other')).body.code).toBe('idempotency-mismatch');
    }
    expect(sentAdds(all.simulator)).toHaveLength(1);
  });

  test('share the rate limit of a client', async () => {
    const policy = 'clientRate: { requestsPerMinute: 10 }';
    const clients = `
clients:
  crm: { keys: ["sha256:fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"], requestsPerMinute: 10 }
`;
    all = await threeGateways(() => ({ policy, clients }));
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        gateway(i).post(
          'search',
          { appId: 'wx_a', contactsInfo: 'x' },
          { Authorization: 'Bearer ab' },
        ),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    const limited = answers.filter(({ body }) => body.code === 'client-rate-limited');
    expect(limited).toHaveLength(20);
    for (const { headers } of limited) {
      expect(Number(headers['retry-after'])).toBeGreaterThan(30);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    }
  });
});
