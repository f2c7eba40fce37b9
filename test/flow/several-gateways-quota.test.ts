import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../src/time.ts';
import {
  addBody,
  ACCEPT,
  DAY_MS,
  HOUR_MS,
  sentAdds,
  TRUSTING,
  TRUSTING_WITHOUT_GAPS,
} from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { roundRobin, threeGateways, type SeveralGateways } from '../support/gateways-on-redis.ts';

describeOnRedis('three gateways on one Redis', () => {
  let all: SeveralGateways;
  afterEach(() => all.stop());

  const add = (index: number, v3: string, headers = {}) =>
    roundRobin(all.gateways, index).post('addContacts', addBody('wx_a', v3), headers);

  test('forward exactly 5 of 300 simultaneous addContacts if 5 are left', async () => {
    const onlineSince = new Date(systemClock.now() - 4 * DAY_MS).toISOString();
    const policy = `
accounts: { wx_a: { onlineSince: "${onlineSince}" } }
addContacts: { add: { minimumGapSeconds: 0 } }
`;
    all = await threeGateways(() => ({ policy }));
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => add(i, `v3_${i}`)));

    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(295);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['add-quota-exhausted']));
    expect(sentAdds(all.simulator)).toHaveLength(5);
  });

  test('share a refund: an attempt that one could not send is allowed at another', async () => {
    all = await threeGateways((index) => ({
      policy: TRUSTING,
      env: index === 0 ? { GEWE_BASE_URL: 'http://127.0.0.1:1/v2/api' } : {},
    }));
    expect((await add(0, 'v3_ann')).status).toBe(502);
    await add(1, 'v3_ann').expect(200);
    expect((await add(0, 'v3_bob')).body.code).toBe('add-too-soon');
  });

  test('keep no v3 and no Idempotency-Key in Redis, only hashes that expire, under keys with the account in braces', async () => {
    all = await threeGateways(() => ({ policy: TRUSTING_WITHOUT_GAPS }));
    await add(0, 'v3_secret_person', { 'Idempotency-Key': 'key-of-a-caller' }).expect(200);
    await all.gateways[1].post('addContacts', addBody('wx_a', 'v3_other', ACCEPT)).expect(200);

    const keys = (await all.redis.command('KEYS', '*')) as string[];
    const quotas = keys.filter((key) => /\}:(?:attempts|idempotency)/.test(key));
    expect(quotas).toHaveLength(2);
    for (const key of quotas) {
      expect(key).toContain('{wx_a}');
      const leftMs = Number(await all.redis.command('PTTL', key));
      expect(leftMs).toBeGreaterThan(HOUR_MS);
      expect(leftMs).toBeLessThanOrEqual(14 * DAY_MS);
    }
    const [attempts = ''] = quotas.filter((key) => key.endsWith('attempts'));
    const members = JSON.stringify(await all.redis.command('ZRANGE', attempts, '0', '-1'));
    expect(members).toMatch(/add \S+ [\w-]{43}/);
    for (const text of [members, ...keys]) expect(text).not.toMatch(/v3_|key-of-a-caller/);
  });
});
