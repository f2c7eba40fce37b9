/** A Redis that answers late: a little, and all works; more than it may, and it is as good as away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCEPT, ADD, REJECT, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { AWAY, gatewayOnRedis, type GatewayOnRedis } from '../support/gateway-on-redis.ts';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { slowBy } from '../support/redis-outages.ts';
import { describeOutage } from './redis-outage.suite.ts';

describeOnRedis('A gateway', () => {
  describe('while Redis is slow by 100 ms', () => {
    let rig: GatewayOnRedis;
    beforeAll(async () => {
      rig = await gatewayOnRedis({
        policy: TRUSTING_WITHOUT_GAPS,
        env: { LIST_DEADLINE_MS: '5000' },
      });
      rig.wire.delay(100);
    });
    afterAll(() => rig.stop());

    test.each([ADD, ACCEPT, REJECT])('addContacts with option %d is sent', async (option) => {
      for (const key of [undefined, `key ${option}`]) {
        const answer = await rig.add('wx_add', 'v3_ann', { option, ...(key && { key }) });
        expect(answer.status).toBe(200);
      }
      const again = await rig.add('wx_add', 'v3_ann', { option, key: `key ${option}` });
      expect(again.headers['idempotency-replayed']).toBe('true');
    });

    test('lists are saved and found', async () => {
      await saveList(rig.gateway, 'wx_list', listBytes('ann'));
      const saved = await askList(await rig.another(), 'wx_list', ONLY_IF_CACHED);
      expect(saved.body.toString()).toBe(listBytes('ann'));
    });

    test('it is ready, and nothing is told', async () => {
      await rig.untilReadiness(200);
      expect(rig.logged(AWAY)).toEqual([]);
    });
  });

  for (const ms of [400, 2000]) describeOutage(slowBy(ms));
});
