import { expect, test } from '@jest/globals';
import {
  askList,
  listCallerWhoLeaves,
  LIST,
  listBytes,
  listCalls,
  ONLY_IF_CACHED,
  saveList,
  untilSaved,
} from '../support/lists.ts';
import { eventually } from '../support/eventually.ts';
import { heldUpstream } from '../support/raw-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

test('a call slower than the deadline continues, and its list replaces the saved one', async () => {
  const upstream = await heldUpstream();
  const gateway = await startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, LIST_DEADLINE_MS: '200' },
  });
  try {
    const first = askList(gateway, 'wx_1', { Prefer: 'wait=60' });
    (await upstream.next(LIST)).answer(listBytes('old'));
    await first;

    const second = askList(gateway, 'wx_1', { 'X-Request-Id': 'the-slow-one' });
    const slow = await upstream.next(LIST);
    const reply = await second;
    expect(reply.body.toString()).toBe(listBytes('old'));
    expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=stale; detail=upstream-timeout');

    slow.answer(listBytes('newer', 'newer still'));
    await untilSaved(gateway, 'wx_1', {
      source: 'live',
      bytes: Buffer.byteLength(listBytes('newer', 'newer still')),
    });
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('newer', 'newer still'));
    const line = gateway.log.find(({ msg }) => msg === 'a slow list call ended after the deadline');
    expect(line).toMatchObject({
      level: 'info',
      appId: 'wx_1',
      requestId: 'the-slow-one',
      outcome: 'list',
      bytes: Buffer.byteLength(listBytes('newer', 'newer still')),
    });
    expect(line?.['durationMs']).toBeGreaterThanOrEqual(200);
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
});

test('a call whose callers have all left continues, and its list is saved', async () => {
  const gateway = await startGateway();
  try {
    const { simulator } = gateway;
    simulator.behave('wx_left', {
      delayMs: 500,
      operations: ['fetchContactsList'],
      raw: { body: listBytes('late') },
    });
    const callers = [1, 2, 3].map(() => listCallerWhoLeaves(gateway, 'wx_left'));
    const call = await simulator.waitForCall(({ appId }) => appId === 'wx_left');
    await Promise.all(callers.map((caller) => caller.leave()));

    expect(await call.ended).toBe('answered');
    await untilSaved(gateway, 'wx_left', { source: 'live' });
    const saved = await askList(gateway, 'wx_left', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('late'));
    expect(listCalls(gateway, 'wx_left')).toBe(1);
  } finally {
    await gateway.stop();
  }
});

test('a late response without a good list does not replace the saved one', async () => {
  const upstream = await heldUpstream();
  const gateway = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });
  try {
    const first = askList(gateway, 'wx_1', { Prefer: 'wait=60' });
    (await upstream.next(LIST)).answer(listBytes('old'));
    await first;

    const patient = askList(gateway, 'wx_1', { Prefer: 'wait=60' });
    const slow = await upstream.next(LIST);
    await askList(gateway, 'wx_1', { Prefer: 'wait=0' });
    const empty = '{"ret":200,"data":{"friends":[],"chatrooms":[],"ghs":[]}}';
    slow.answer(empty);

    expect((await patient).body.toString()).toBe(listBytes('old'));
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('old'));
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
});

test('the hard limit ends a refresh: waiting callers are refused, and the next caller starts a new one', async () => {
  const gateway = await startGateway({ env: { LIST_HARD_LIMIT_MS: '400' } });
  try {
    const { simulator } = gateway;
    simulator.behave('wx_hang', [
      { operations: ['fetchContactsList'], times: 1, hang: true },
      { cacheList: 'none' },
    ]);

    // On a busy machine, a good response may miss the limit, too.
    const reply = await askList(gateway, 'wx_hang', { Prefer: 'wait=60' });

    expect(reply.status).toBe(504);
    const call = await simulator.waitForCall(({ operation }) => operation === LIST);
    expect(await call.ended).toBe('aborted');
    let calls = 1;
    // On a machine that has other things to do, a good answer may miss the limit, too.
    const isLive = async () => {
      calls += 1;
      const next = await askList(gateway, 'wx_hang', { Prefer: 'wait=60' });
      return next.headers['cache-status'] === 'gewe-gateway; fwd=miss; stored';
    };
    expect(await eventually(isLive)).toBe(true);
    expect(listCalls(gateway, 'wx_hang')).toBe(calls);
  } finally {
    await gateway.stop();
  }
});

test('a caller that waits longer than the hard limit gets the saved list when the limit is reached', async () => {
  const gateway = await startGateway({ env: { LIST_HARD_LIMIT_MS: '400' } });
  try {
    const save = () => saveList(gateway, 'wx_hang', listBytes('ann'));
    expect(
      await eventually(() =>
        save().then(
          () => true,
          () => false,
        ),
      ),
    ).toBe(true);
    gateway.simulator.behave('wx_hang', { hang: true });

    const reply = await askList(gateway, 'wx_hang', { Prefer: 'wait=60' });

    expect(reply.body.toString()).toBe(listBytes('ann'));
    expect(reply.headers['cache-status']).toBe('gewe-gateway; fwd=stale; detail=upstream-timeout');
  } finally {
    await gateway.stop();
  }
});
