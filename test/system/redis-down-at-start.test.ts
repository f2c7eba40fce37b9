/**
 * A gateway that starts while Redis cannot be used: it serves lists and other operations, and everything when Redis
 * works.
 */
import { afterEach, describe, expect, test } from '@jest/globals';
import { sentAdds, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { isLong } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import {
  AWAY,
  BACK,
  expectToldOnce,
  gatewayOnRedis,
  type GatewayOnRedis,
} from '../support/gateways-on-redis.ts';
import { askList, ONLY_IF_CACHED } from '../support/lists.ts';
import { BLACK_HOLE, CUT, FROZEN, FULL, KILLED, REPLICA } from './redis/redis-outages.ts';

describeOnRedis('A gateway', () => {
  let rig: GatewayOnRedis;
  afterEach(() => rig.stop());

  describe.each(isLong ? [KILLED, FROZEN, BLACK_HOLE, CUT, REPLICA, FULL] : [KILLED, FROZEN, FULL])(
    'that starts while Redis is $name',
    (outage) => {
      test('serves lists and other operations, refuses addContacts, and recovers with Redis', async () => {
        rig = await gatewayOnRedis({
          policy: TRUSTING_WITHOUT_GAPS,
          before: outage.strike,
        });
        const live = await askList(rig.gateway, 'wx_a');
        expect([live.status, live.headers['x-gateway-source']]).toEqual([200, 'live']);
        expect((await rig.call('search', { appId: 'wx_a', contactsInfo: 'x' })).status).toBe(200);
        expect((await rig.add('wx_a', 'v3_ann', { key: 'k' })).json()['code']).toBe(
          'store-unavailable',
        );
        expect(sentAdds(rig.gateway.simulator)).toEqual([]);
        await rig.untilReadiness(503);
        expect(await eventually(() => rig.logged(AWAY).length === 1)).toBe(true);

        await outage.mend(rig);
        await rig.untilReadiness(200);
        expect((await rig.add('wx_a', 'v3_ann', { key: 'k' })).status).toBe(200);
        expect(sentAdds(rig.gateway.simulator)).toHaveLength(1);
        const other = await rig.another();
        const isSaved = async () => (await askList(other, 'wx_a', ONLY_IF_CACHED)).status === 200;
        expect(await eventually(isSaved)).toBe(true);
        expectToldOnce(rig);
      });
    },
  );

  test('with a working Redis logs nothing about the store', async () => {
    rig = await gatewayOnRedis();
    await rig.untilReadiness(200);
    expect([rig.logged(AWAY).length, rig.logged(BACK).length]).toEqual([0, 0]);
  });
});
