/** A Redis that was restarted and is loading its data: it replies that it is loading. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ACCEPT, chargedOf, sentAdds, TRUSTING } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import {
  expectToldOnce,
  gatewayOnRedis,
  type GatewayOnRedis,
} from '../support/gateways-on-redis.ts';
import { askList, listBytes, ONLY_IF_CACHED, saveList } from '../support/lists.ts';

const KEYS = 3000;
/** Makes each key take this many microseconds to load, and lets the server reply meanwhile. */
const SLOWLY = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'];
const FILL = `for i = 1, ${KEYS} do redis.call('SET', 'filler ' .. i, string.rep('x', 100)) end`;

describeOnRedis('while Redis is loading', () => {
  let rig: GatewayOnRedis;
  beforeEach(async () => {
    rig = await gatewayOnRedis({ policy: TRUSTING });
    await rig.untilReadiness(200);
  });
  afterEach(() => rig.stop());

  test('lists are returned and addContacts is refused; afterwards no charge is lost', async () => {
    await saveList(rig.gateway, 'wx_list', listBytes('ann'));
    expect((await rig.add('wx_a', 'v3_ann', { option: ACCEPT })).status).toBe(200);
    await rig.redis.command('EVAL', FILL, '0');
    await rig.redis.command('BGREWRITEAOF');
    const isWritten = async () =>
      String(await rig.redis.command('INFO', 'persistence')).includes('aof_rewrite_in_progress:0');
    expect(await eventually(isWritten)).toBe(true);
    await rig.redis.kill();
    const started = rig.redis.start(SLOWLY);
    const isLoading = async () =>
      String(await rig.redis.command('INFO', 'persistence').catch(String)).includes('loading:1');
    expect(await eventually(isLoading)).toBe(true);

    const refused = await rig.add('wx_a', 'v3_bob', { option: ACCEPT });
    expect(refused.json()['code']).toBe('store-unavailable');
    const saved = await askList(rig.gateway, 'wx_list', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('ann'));
    await rig.untilReadiness(503);
    expect(await isLoading()).toBe(true);

    await started;
    await rig.untilReadiness(200);
    expect(await chargedOf(rig.gateway, 'wx_a', 'accept-per-day')).toBe(1);
    expect((await rig.add('wx_a', 'v3_bob', { option: ACCEPT })).status).toBe(200);
    expect(sentAdds(rig.gateway.simulator)).toHaveLength(2);
    expectToldOnce(rig);
  });
});
