import { systemClock } from '../../src/time.ts';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openSqliteStores } from '../../src/stores/sqlite/sqlite-stores.ts';
import {
  allRead,
  askList,
  askTogether,
  CACHE,
  listCallerWhoLeaves,
  LIST,
  listBytes,
} from '../support/lists.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let upstream: HeldUpstream;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeEach(async () => {
  upstream = await heldUpstream();
  folder = await temporaryFolder();
  file = join(folder.path, 'gateway.db');
});
afterEach(async () => {
  await upstream.stop();
  await folder.remove();
});

function start(env: Record<string, string>): Promise<TestGateway> {
  return startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, STORE_URL: `sqlite:${file}`, ...env },
  });
}

async function savedAfterwards(appId: string): Promise<string | undefined> {
  const stores = openSqliteStores(file, systemClock, 0);
  const list = await stores.lists.load(appId);
  await stores.close();
  return list?.body.toString();
}

test('a refresh whose caller has left is saved if it ends within the grace period', async () => {
  const gateway = await start({ SHUTDOWN_GRACE_MS: '60000' });
  const caller = listCallerWhoLeaves(gateway, 'wx_1');
  const call = await upstream.next(LIST);
  await caller.leave();

  const stopped = gateway.stop();
  call.answer(listBytes('late'));
  await stopped;

  expect(await savedAfterwards('wx_1')).toBe(listBytes('late'));
});

test('a waiting caller gets its live list while the gateway stops', async () => {
  const gateway = await start({ SHUTDOWN_GRACE_MS: '60000' });
  const asking = askList(gateway, 'wx_1');
  const call = await upstream.next(LIST);

  const stopped = gateway.stop();
  call.answer(listBytes('live'));

  expect((await asking).body.toString()).toBe(listBytes('live'));
  await stopped;
  expect(await savedAfterwards('wx_1')).toBe(listBytes('live'));
});

test('a refresh longer than the grace period is ended: its callers get 503, and nothing is asked or saved afterwards', async () => {
  const gateway = await start({ SHUTDOWN_GRACE_MS: '50' });
  const asking = askTogether(gateway, [['wx_1'], ['wx_2']]);
  await Promise.all([upstream.next(LIST), upstream.next(LIST)]);
  await asking.arrived;
  await allRead(gateway);

  await gateway.stop();

  // Its callers get a refusal instead of a closed connection.
  const replies = await asking.replies;
  expect(replies.map(({ status }) => status)).toEqual([503, 503]);
  expect(await savedAfterwards('wx_1')).toBeUndefined();
  expect(upstream.count(CACHE, 'wx_1') + upstream.count(CACHE, 'wx_2')).toBe(0);
  const failures = gateway.log.filter(({ msg }) => String(msg).includes('store'));
  expect(failures).toEqual([]);
});

test('a hanging poll does not delay the stop', async () => {
  const gateway = await start({
    SHUTDOWN_GRACE_MS: '60000',
    LIST_DEADLINE_MS: '20',
    LIST_POLL_MS: '20',
  });
  const asking = askList(gateway, 'wx_1', { Prefer: 'wait=60' });
  const slow = await upstream.next(LIST);
  await upstream.next(CACHE);

  const stopped = gateway.stop();
  slow.answer(listBytes('live'));
  await asking;
  await stopped;

  expect(await savedAfterwards('wx_1')).toBe(listBytes('live'));
});
