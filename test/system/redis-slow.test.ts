/** A slow Redis: with a short delay everything works; with a longer one it counts as away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCEPT, ADD, REJECT, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { isLong } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayOnRedis, type GatewayOnRedis } from '../support/gateways-on-redis.ts';
import { untilTaken } from './redis/insistent-calls.ts';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';
import { slowBy } from './redis/redis-outages.ts';
import { describeOutage } from './redis/outage.suite.ts';

describeOnRedis('A gateway', () => {
  describe('while each reply of Redis takes 100 ms', () => {
    let rig: GatewayOnRedis;
    beforeAll(async () => {
      rig = await gatewayOnRedis({ policy: TRUSTING_WITHOUT_GAPS });
      rig.wire.delay(100);
    });
    afterAll(() => rig.stop());

    test.each([ADD, ACCEPT, REJECT])('sends addContacts with option %d', async (option) => {
      for (const key of [undefined, `key ${option}`]) {
        const add = () => rig.add('wx_add', 'v3_ann', { option, ...(key && { key }) });
        expect((await untilTaken(add)).status).toBe(200);
      }
      const again = await untilTaken(() =>
        rig.add('wx_add', 'v3_ann', { option, key: `key ${option}` }),
      );
      expect(again.headers['idempotency-replayed']).toBe('true');
    });

    test('saves and finds lists', async () => {
      await saveList(rig.gateway, 'wx_list', listBytes('ann'));
      const other = await rig.another();
      const isThere = async () =>
        (await askList(other, 'wx_list', ONLY_IF_CACHED)).body.toString() === listBytes('ann');
      expect(await eventually(isThere)).toBe(true);
    });

    test('is ready', () => rig.untilReadiness(200));
  });

  for (const ms of isLong ? [400, 2000] : [400]) describeOutage(slowBy(ms));
});
