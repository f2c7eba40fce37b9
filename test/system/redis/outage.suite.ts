import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCEPT, ADD, chargedOf, REJECT, sentAdds } from '../../support/add-contacts.ts';
import { eventually } from '../../support/eventually.ts';
import {
  AWAY,
  expectToldOnce,
  gatewayOnRedis,
  type GatewayOnRedis,
} from '../../support/gateways-on-redis.ts';
import { type HttpAnswer, httpGet } from '../../support/http-client.ts';
import {
  askList,
  LIST,
  listBytes,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  saveList,
} from '../../support/lists.ts';
import { atOnce, untilTaken, type Timed } from './insistent-calls.ts';
import { FULL, type RedisOutage } from './redis-outages.ts';

const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  add: { minimumGapSeconds: 0, target: { perDay: 9, minimumGapSeconds: 0 } }
  accept: { perDay: 9 }
`;
/**
 * Only against hanging: a frozen Redis is given up after 300 ms, while a plain client would wait for it without a
 * limit.
 */
const HANGS_MS = 15_000;
const DEADLINE_MS = 500;

const OPTIONS = [ADD, ACCEPT, REJECT];
const DECLARED = '2026-01-01T00:00:00.000Z';

/** The behaviour during and after every outage. */
export function describeOutage(outage: RedisOutage): void {
  describe(`while Redis is ${outage.name}`, () => {
    let rig: GatewayOnRedis;
    let charged: string;
    let refusals: Timed[];
    let outages = 0;
    let sentBefore: number;

    /** Keys of an earlier outage may not be free yet. */
    const keyOf = (i: number) => `key ${outages}.${i}`;

    /** The charges of the account, as soon as they can be read. */
    async function charges(expected?: string): Promise<string> {
      let told = '';
      await eventually(async () => {
        const quotas = ['add-per-day', 'accept-per-day'].map((quota) =>
          chargedOf(rig.gateway, 'wx_add', quota),
        );
        told = await Promise.all(quotas).then(String, () => '');
        return expected === undefined ? told !== '' : told === expected;
      });
      return told;
    }

    beforeAll(async () => {
      rig = await gatewayOnRedis({
        policy: POLICY,
        ...(outage.prepare && { before: outage.prepare }),
        env: { LIST_DEADLINE_MS: String(DEADLINE_MS), LIST_CACHE_DEADLINE_MS: '30000' },
      });
      await rig.untilReadiness(200);
      await saveList(rig.gateway, 'wx_list', listBytes('old'));
      await saveList(rig.gateway, 'wx_kept', listBytes('kept'));
      await untilTaken(() => rig.add('wx_add', 'v3_before'));
      await untilTaken(() => rig.add('wx_add', 'v3_before', { option: ACCEPT }));
      const declaration = { onlineSince: DECLARED };
      await untilTaken(() => rig.admin('PUT', '/accounts/wx_declared', declaration));
      charged = await charges();
      sentBefore = sentAdds(rig.gateway.simulator).length;
      await strike();
    });

    /** Begins the outage and sends many requests at once. */
    async function strike(): Promise<void> {
      await outage.strike(rig);
      outages += 1;
      refusals = await atOnce((i) => {
        const option = OPTIONS[i % 3] ?? ADD;
        const key = i % 2 === 0 ? keyOf(i) : undefined;
        return rig.add('wx_add', `v3_${i}`, { option, ...(key && { key }) });
      });
    }

    afterAll(async () => {
      await rig.stopGateways();
      await outage.dispose?.(rig);
      await rig.stop();
    });

    function expectRefused({ status, json }: HttpAnswer): void {
      expect([status, json()['code']]).toEqual([503, 'store-unavailable']);
    }

    test('all addContacts in its first moments are refused in time, and none is sent', () => {
      for (const { answer } of refusals) expectRefused(answer);
      expect(Math.max(...refusals.map(({ tookMs }) => tookMs))).toBeLessThan(HANGS_MS);
      expect(sentAdds(rig.gateway.simulator)).toHaveLength(sentBefore);
    });

    test.each(OPTIONS)('addContacts with option %d is refused and not sent', async (option) => {
      for (const key of [undefined, 'key later']) {
        const answer = await rig.add('wx_add', 'v3_later', { option, ...(key && { key }) });
        expectRefused(answer);
        expect(answer.headers['retry-after']).toBe('5');
      }
      expect(sentAdds(rig.gateway.simulator)).toHaveLength(sentBefore);
    });

    test('an account never seen is refused with store-unavailable, too', async () => {
      expectRefused(await rig.add('wx_new', 'v3_later'));
    });

    test('live lists are returned, and the newest one is also returned as saved', async () => {
      for (const friend of ['newer', 'newest']) {
        rig.gateway.simulator.behave('wx_list', { raw: { body: listBytes(friend) } });
        const live = await askList(rig.gateway, 'wx_list', { ...NO_FALLBACK, Prefer: 'wait=60' });
        expect(live.headers['x-gateway-source']).toBe('live');
        expect(live.body.toString()).toBe(listBytes(friend));
      }
      const saved = await askList(rig.gateway, 'wx_list', ONLY_IF_CACHED);
      expect([saved.status, saved.body.toString()]).toEqual([200, listBytes('newest')]);
    });

    test('a list is returned from memory at the deadline if the upstream hangs', async () => {
      rig.gateway.simulator.behave('wx_kept', { hang: true });
      const from = performance.now();
      const saved = await askList(rig.gateway, 'wx_kept');
      expect([saved.status, saved.body.toString()]).toEqual([200, listBytes('kept')]);
      expect(saved.headers['x-gateway-source']).toBe('saved');
      expect(performance.now() - from).toBeLessThan(DEADLINE_MS + HANGS_MS);
    });

    test("an account without a list in memory gets the one from GEWE's cache, or a refusal", async () => {
      const slow = { hang: true, operations: [LIST] };
      rig.gateway.simulator.behave('wx_gewe', [slow, { raw: { body: listBytes('gewe') } }]);
      rig.gateway.simulator.behave('wx_nothing', [slow, { cacheList: 'none' }]);
      const kept = await askList(rig.gateway, 'wx_gewe');
      expect([kept.status, kept.headers['x-gateway-source']]).toEqual([200, 'gewe-cache']);
      expect((await askList(rig.gateway, 'wx_nothing')).status).toBe(504);
    });

    test("other operations are forwarded, and the client's rate limit is counted", async () => {
      for (const operation of ['search', 'deleteFriend']) {
        const answer = await rig.call(operation, { appId: 'wx_add', contactsInfo: 'x', wxid: 'x' });
        expect(answer.status).toBe(200);
        expect(answer.headers['ratelimit']).toMatch(/"client";\s?r=\d/);
      }
    });

    test('readiness names the store on both listeners, and the process is alive', async () => {
      await rig.untilReadiness(503);
      for (const url of [rig.gateway.url, rig.gateway.opsUrl]) {
        const ready = await httpGet(url, '/readyz');
        expect(ready.status).toBe(503);
        expect(ready.json()).toMatchObject({ notReady: ['store'] });
        expect((await httpGet(url, '/healthz')).status).toBe(200);
      }
    });

    test('changes through the admin API are refused', async () => {
      const body = { onlineSince: '2020-01-01T00:00:00Z' };
      expectRefused(await rig.admin('PUT', '/accounts/wx_declared', body));
      // A full Redis still accepts deletions.
      if (outage === FULL) return;
      expectRefused(await rig.admin('DELETE', '/accounts/wx_declared'));
      expectRefused(await rig.admin('DELETE', '/lists/wx_kept'));
      const kept = await askList(rig.gateway, 'wx_kept', ONLY_IF_CACHED);
      expect([kept.status, kept.body.toString()]).toEqual([200, listBytes('kept')]);
    });

    test('everything recovers, and refused requests have charged and changed nothing', async () => {
      await outage.mend(rig);
      await rig.untilReadiness(200);
      expect(await charges(charged)).toBe(charged);
      const declared = await untilTaken(() => rig.admin('GET', '/accounts/wx_declared'));
      expect(declared.json()['onlineSince']).toBe(DECLARED);
    });

    test('afterwards, the Idempotency-Keys of refused requests are free', async () => {
      for (const [i, option] of [
        [0, ADD],
        [4, ACCEPT],
        [28, ACCEPT],
        [2, REJECT],
      ] as const) {
        // Releasing a key that may have been acquired takes a moment after Redis is back.
        const answer = await untilTaken(() =>
          rig.add('wx_add', `v3_${i}`, { option, key: keyOf(i) }),
        );
        expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([200, undefined]);
      }
    });

    test('afterwards, another gateway has the list that was fetched during the outage', async () => {
      const other = await rig.another();
      const isThere = async () => {
        const saved = await askList(other, 'wx_list', ONLY_IF_CACHED);
        return saved.body.toString() === listBytes('newest');
      };
      expect(await eventually(isThere)).toBe(true);
    });

    test('the log has one line for the beginning, with the reason, and one for the end', () => {
      const lines = rig.logged(AWAY);
      expectToldOnce(rig, outages);
      expect(JSON.stringify(lines)).toMatch(outage.reason);
      // On a busy machine, a call may fail between two outages, and is logged as such.
      const isOneCall = ({ msg }: { msg?: unknown }) => String(msg).startsWith('the store of');
      const errors = rig.gateway.log.filter(({ level }) => level === 'error');
      expect(errors.filter((line) => !lines.includes(line) && !isOneCall(line))).toEqual([]);
    });
  });
}
