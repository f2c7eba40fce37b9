/** A disk that fails under a running gateway, and works again later. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCEPT, ADD, addBody, chargedOf, REJECT, sentAdds } from '../support/add-contacts.ts';
import { DISK_FAULTS } from '../support/disk-faults.ts';
import {
  gatewayProcesses,
  type GatewayProcesses,
  type RunningGateway,
} from '../support/gateway-processes.ts';
import { GOOD_HEADERS, httpCall, readiness } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';
import { askList, listBytes, NO_FALLBACK, ONLY_IF_CACHED } from '../support/lists.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const POLICY = `
addContacts:
  accountAge: { unknown: trust }
  add: { minimumGapSeconds: 0 }
  accept: { perDay: 1 }
`;
const FAILED_CALLS = 30;

const possible = DISK_FAULTS.filter(({ isPossible }) => isPossible);
for (const { name } of DISK_FAULTS.filter(({ isPossible }) => !isPossible)) {
  test.skip(`a disk that ${name} needs a mount, which is not possible here`, () => undefined);
}

describe.each(possible)('on a disk that $name', (fault) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let disk: string;
  let gateways: GatewayProcesses;
  let gateway: RunningGateway;

  beforeAll(async () => {
    folder = await temporaryFolder();
    disk = join(folder.path, 'disk');
    mkdirSync(disk);
    fault.prepare(disk);
    gateways = await gatewayProcesses({
      folder: folder.path,
      policy: POLICY,
      env: { STORE_URL: `sqlite:${join(disk, 'gateway.db')}` },
    });
    gateway = await gateways.start();
    await fetchList('wx_list', 'old');
    await add('wx_add', 'v3_before');
    await add('wx_spent', 'v3_before', ACCEPT);
    fault.strike(disk, gateway.process.pid);
  });
  afterAll(async () => {
    await gateways.stop();
    fault.dispose(disk);
    await folder.remove();
  });

  const call = (operation: string, body: object, headers = {}) =>
    httpCall(gateway.url, {
      path: `/contacts/${operation}`,
      headers: { ...GOOD_HEADERS, ...headers },
      body: JSON.stringify(body),
    });
  const add = (appId: string, v3: string, option = ADD, headers = {}) =>
    call('addContacts', addBody(appId, v3, option), headers);

  /** The list with this friend, live. */
  async function fetchList(appId: string, friend: string) {
    gateways.simulator.behave(appId, { raw: { body: listBytes(friend) } });
    return askList(gateway, appId, NO_FALLBACK);
  }

  /** The result of the check is at most a second old. */
  async function untilReadiness(status: number): Promise<void> {
    const isSo = async () => (await readiness(gateway.url)).status === status;
    if (!(await eventually(isSo))) throw new Error(`/readyz does not become ${status}`);
  }

  const logged = (text: string) =>
    gateway.process
      .output()
      .split('\n')
      .filter((line) => line.includes(text));

  test('live lists are returned, and the newest one is also returned as saved', async () => {
    for (const friend of ['newer', 'newest']) {
      const live = await fetchList('wx_list', friend);
      expect(live.headers['x-gateway-source']).toBe('live');
      expect(live.body.toString()).toBe(listBytes(friend));
    }
    const saved = await askList(gateway, 'wx_list', ONLY_IF_CACHED);
    expect(saved.status).toBe(200);
    expect(saved.body.toString()).toBe(listBytes('newest'));
  });

  test('other operations are forwarded', async () => {
    expect((await call('search', { appId: 'wx_add', contactsInfo: 'x' })).status).toBe(200);
    expect((await call('deleteFriend', { appId: 'wx_add', wxid: 'x' })).status).toBe(200);
  });

  test.each([
    { what: 'one to add', appId: 'wx_add', option: ADD, headers: {} },
    { what: 'one to accept', appId: 'wx_add', option: ACCEPT, headers: {} },
    { what: 'one to reject', appId: 'wx_add', option: REJECT, headers: {} },
    { what: 'one with a key', appId: 'wx_add', option: ADD, headers: { 'Idempotency-Key': 'k' } },
    { what: 'one of an account never seen', appId: 'wx_new', option: ADD, headers: {} },
  ])(
    'addContacts is refused with store-unavailable and not sent: $what',
    async ({ appId, option, headers }) => {
      const before = sentAdds(gateways.simulator).length;
      const refused = await add(appId, 'v3_meanwhile', option, headers);
      expect([refused.status, refused.json()['code']]).toEqual([503, 'store-unavailable']);
      expect(refused.headers['retry-after']).toBe('5');
      expect(sentAdds(gateways.simulator)).toHaveLength(before);
    },
  );

  test('an attempt beyond its quota is refused, by the quota or because of the store, and not sent', async () => {
    const before = sentAdds(gateways.simulator).length;
    const refused = await add('wx_spent', 'v3_meanwhile', ACCEPT);
    expect(['accept-quota-exhausted', 'store-unavailable']).toContain(refused.json()['code']);
    expect(sentAdds(gateways.simulator)).toHaveLength(before);
  });

  test('readiness names the store on both listeners, and the process is alive', async () => {
    await untilReadiness(503);
    for (const url of [gateway.url, gateway.opsUrl]) {
      expect(await readiness(url)).toEqual({ status: 503, notReady: ['store'] });
      expect((await httpCall(url, { method: 'GET', path: '/healthz' })).status).toBe(200);
    }
  });

  test('the log has the reason, in much fewer lines than failed calls', async () => {
    for (let i = 0; i < FAILED_CALLS; i++) {
      await add('wx_add', 'v3_meanwhile');
      await fetchList(`wx_${i}`, 'ann');
    }
    for (const store of ['the store of quotas failed', 'the store of lists failed']) {
      const lines = logged(store);
      expect(lines[0]).toMatch(/"message":"(?:database or disk is full|disk I\/O error)"/);
      // One line in ten seconds, however slow the machine is.
      expect(lines.length).toBeLessThan(FAILED_CALLS / 2);
    }
    const metrics = await httpCall(gateway.opsUrl, { method: 'GET', path: '/metrics' });
    const [, failures] =
      /store_errors_total\{store="lists"\} (\d+)/.exec(String(metrics.body)) ?? [];
    expect(Number(failures)).toBeGreaterThanOrEqual(FAILED_CALLS);
  });

  test('everything recovers with the disk, and a later kill -9 loses no charge', async () => {
    fault.mend(disk, gateway.process.pid);
    const key = { 'Idempotency-Key': 'k' };
    const first = await add('wx_add', 'v3_meanwhile', ADD, key);
    expect(first.status).toBe(200);
    await untilReadiness(200);
    expect(await readiness(gateway.opsUrl)).toEqual({ status: 200, notReady: [] });
    await fetchList('wx_list', 'latest');

    await gateways.kill(gateway);
    gateway = await gateways.start();
    expect(await chargedOf(gateway, 'wx_add', 'add-per-day')).toBe(2);
    expect(await chargedOf(gateway, 'wx_spent', 'accept-per-day')).toBe(1);
    expect((await add('wx_add', 'v3_meanwhile', ADD, key)).headers['idempotency-replayed']).toBe(
      'true',
    );
    const saved = await askList(gateway, 'wx_list', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('latest'));
  });
});
