/** A Redis restarted without its data: lists are restored from the memory of gateways, quotas and declarations are lost. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chargedOf, sentAdds } from '../support/add-contacts.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import {
  BACK,
  expectToldOnce,
  gatewayOnRedis,
  type GatewayOnRedis,
} from '../support/gateways-on-redis.ts';
import { heldUpstream } from '../support/raw-upstream.ts';
import { askList, listBytes, ONLY_IF_CACHED, saveList, untilSaved } from '../support/lists.ts';
import type { TestGateway } from '../support/start-gateway.ts';

const POLICY = `
addContacts:
  accountAge: { unknown: start-now, minimumHours: 72 }
  add: { minimumGapSeconds: 0, target: { perDay: 9, minimumGapSeconds: 0 } }
accounts: { wx_old: { onlineSince: "2026-01-01T00:00:00Z" } }
`;

describeOnRedis('a Redis restarted without its data', () => {
  let rig: GatewayOnRedis;
  beforeEach(async () => {
    rig = await gatewayOnRedis({ policy: POLICY });
    await rig.untilReadiness(200);
  });
  afterEach(() => rig.stop());

  async function restartEmpty(): Promise<void> {
    await rig.redis.kill();
    for (const name of await readdir(rig.redis.folder)) {
      await rm(join(rig.redis.folder, name), { recursive: true });
    }
    await startAgain();
  }

  /** Resolves when the gateway has noticed. */
  async function startAgain(): Promise<void> {
    await rig.redis.start();
    expect(await eventually(() => rig.logged(BACK).length > 0)).toBe(true);
  }

  const saved = async (gateway: TestGateway, appId: string) =>
    (await askList(gateway, appId, ONLY_IF_CACHED)).body.toString();

  test('gets lists back from the memory of gateways', async () => {
    await saveList(rig.gateway, 'wx_list', listBytes('ann'));
    await restartEmpty();
    expect(await saved(rig.gateway, 'wx_list')).toBe(listBytes('ann'));
    const other = await rig.another();
    const isThere = async () => {
      // The list is restored when the gateway that has it loads it, and again if Redis seemed away just then.
      await saved(rig.gateway, 'wx_list');
      return (await saved(other, 'wx_list')) === listBytes('ann');
    };
    expect(await eventually(isThere)).toBe(true);
    expectToldOnce(rig);
  });

  test('keeps the newest of several copies, in whatever order they are restored', async () => {
    const other = await rig.another();
    await saveList(other, 'wx_list', listBytes('old'));
    // A gateway knows the time of Redis only as exactly as one reading takes, so the newer list must be newer by more
    // than that.
    const isASecondOld = async () => (await untilSaved(rig.gateway, 'wx_list')).ageSeconds >= 1;
    expect(await eventually(isASecondOld)).toBe(true);
    await saveList(rig.gateway, 'wx_list', listBytes('new'));
    await restartEmpty();
    await eventually(() => other.log.some(({ msg }) => msg === BACK));
    // The gateway with the older copy does not know of the newer one.
    expect(await saved(other, 'wx_list')).toBe(listBytes('old'));
    const isBack = () => rig.redis.command('EXISTS', 'gewe-gateway:{wx_list}:list');
    expect(await eventually(async () => (await isBack()) === 1)).toBe(true);

    expect(await saved(rig.gateway, 'wx_list')).toBe(listBytes('new'));
    const isNew = async () => (await saved(other, 'wx_list')) === listBytes('new');
    expect(await eventually(isNew)).toBe(true);
  });

  test('accepts a newer list after a restored copy', async () => {
    await saveList(rig.gateway, 'wx_list', listBytes('old'));
    await restartEmpty();
    expect(await saved(rig.gateway, 'wx_list')).toBe(listBytes('old'));
    const other = await rig.another();
    await saveList(other, 'wx_list', listBytes('new'));
    expect(await saved(rig.gateway, 'wx_list')).toBe(listBytes('new'));
  });

  test('has no charges and no declarations, so that an account counts from the next checkOnline', async () => {
    expect((await rig.add('wx_old', 'v3_ann')).status).toBe(200);
    expect((await rig.add('wx_new', 'v3_ann')).json()['code']).toBe('account-too-young');
    await rig.admin('PUT', '/accounts/wx_new', { onlineSince: '2026-01-01T00:00:00Z' });
    expect((await rig.add('wx_new', 'v3_ann')).status).toBe(200);
    await restartEmpty();
    expect(await chargedOf(rig.gateway, 'wx_old', 'add-per-day')).toBe(0);
    expect((await rig.add('wx_old', 'v3_ann')).status).toBe(200);
    expect((await rig.add('wx_new', 'v3_ann')).json()['code']).toBe('account-too-young');
  });

  test('saves the response to a running request, so that it is not sent twice', async () => {
    const upstream = await heldUpstream();
    const held = await gatewayOnRedis({ policy: POLICY, env: { GEWE_BASE_URL: upstream.baseUrl } });
    try {
      await held.untilReadiness(200);
      const first = held.add('wx_old', 'v3_ann', { key: 'k' });
      const call = await upstream.next('contacts/addContacts');
      await held.redis.command('FLUSHALL');
      call.answer('{"ret":200,"msg":"first"}');
      expect((await first).status).toBe(200);
      const again = await held.add('wx_old', 'v3_ann', { key: 'k' });
      expect(again.headers['idempotency-replayed']).toBe('true');
      expect(upstream.count('contacts/addContacts', 'wx_old')).toBe(1);
    } finally {
      await held.stop();
      await upstream.stop();
    }
  });

  test('causes no refused request to be sent', async () => {
    await rig.redis.kill();
    await rig.add('wx_old', 'v3_ann', { key: 'k' });
    await startAgain();
    expect(sentAdds(rig.gateway.simulator)).toEqual([]);
    expect((await rig.add('wx_old', 'v3_ann', { key: 'k' })).status).toBe(200);
    expect(sentAdds(rig.gateway.simulator)).toHaveLength(1);
  });
});
