import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  askList,
  listBytes,
  listCalls,
  NO_CACHE,
  NO_FALLBACK,
  ONLY_IF_CACHED,
  saveList,
} from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const maxAge = (seconds: number) => ({ 'Cache-Control': `max-age=${seconds}` });

let clock: MovableClock;
let gateway: TestGateway;

async function start(policy = ''): Promise<void> {
  clock = movableClock();
  gateway = await startGateway({
    keepsConnections: false,
    env: { SHUTDOWN_GRACE_MS: '0' },
    policy,
    overrides: { clock },
  });
  await saveList(gateway, 'wx_1', listBytes('saved'));
}
afterEach(() => gateway.stop());

/** The source of the response or the code of the refusal, and the number of upstream calls since. */
async function outcome(headers: Record<string, string>, appId = 'wx_1') {
  const before = listCalls(gateway, appId);
  const reply = await askList(gateway, appId, headers);
  const { code } = JSON.parse(reply.body.toString()) as { code?: string };
  return [code ?? reply.headers['x-gateway-source'], listCalls(gateway, appId) - before];
}

/** The detail of the refusal after the connection to the upstream was reset. */
async function refusal(appId: string, headers: Record<string, string>) {
  gateway.simulator.behave(appId, { reset: true });
  const reply = await askList(gateway, appId, headers);
  expect(reply.status).toBe(502);
  const { detail } = JSON.parse(reply.body.toString()) as { detail: string };
  return { detail, retryAfter: Number(reply.headers['retry-after']) };
}

describe('without freshForSeconds', () => {
  beforeEach(() => start());

  test('only-if-cached returns the saved list, whatever its age, without a call to the upstream', async () => {
    clock.advance(365 * 86_400_000);
    expect(await outcome(ONLY_IF_CACHED)).toEqual(['saved', 0]);
  });

  test('only-if-cached is refused with 504 if no list is saved, without a call to the upstream', async () => {
    const reply = await askList(gateway, 'wx_new', ONLY_IF_CACHED);
    expect(reply.status).toBe(504);
    expect(JSON.parse(reply.body.toString())).toMatchObject({ code: 'list-not-saved' });
    expect(gateway.simulator.calls.filter(({ appId }) => appId === 'wx_new')).toEqual([]);
  });

  test('max-age returns a saved list that is younger, and otherwise calls the upstream', async () => {
    clock.advance(59_000);
    expect(await outcome(maxAge(60))).toEqual(['saved', 0]);
    clock.advance(1_000);
    expect(await outcome(maxAge(60))).toEqual(['live', 1]);
    expect(await outcome(maxAge(60))).toEqual(['saved', 0]);
    expect(await outcome(maxAge(0))).toEqual(['live', 1]);
  });

  test('max-age allows an older saved list if the upstream fails', async () => {
    clock.advance(120_000);
    gateway.simulator.behave('wx_1', { reset: true });
    expect(await outcome(maxAge(60))).toEqual(['saved', 1]);
  });

  test('only-if-cached with max-age refuses an older saved list', async () => {
    const both = { 'Cache-Control': 'only-if-cached, max-age=60' };
    expect(await outcome(both)).toEqual(['saved', 0]);
    clock.advance(60_000);
    expect(await outcome(both)).toEqual(['list-not-saved', 0]);
  });

  test('no-cache returns the live list and saves it', async () => {
    gateway.simulator.behave('wx_1', { raw: { body: listBytes('newer') } });
    expect(await outcome(NO_CACHE)).toEqual(['live', 1]);
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('newer'));
  });

  test.each(['no-cache', 'no-store', 'no-cache, no-store, max-age=60'])(
    '%s calls the upstream, and falls back to the saved list',
    async (cacheControl) => {
      const headers = { 'Cache-Control': cacheControl };
      expect(await outcome(headers)).toEqual(['live', 1]);
      gateway.simulator.behave('wx_1', { reset: true });
      expect(await outcome(headers)).toEqual(['saved', 1]);
    },
  );

  test('only-if-cached takes precedence over no-cache', async () => {
    expect(await outcome({ 'Cache-Control': 'no-cache, only-if-cached' })).toEqual(['saved', 0]);
  });

  test("stale-if-error=0 gets an error instead of a saved list or GEWE's cached one", async () => {
    gateway.simulator.behave('wx_1', [
      { operations: ['fetchContactsList'], hang: true },
      { cacheList: 'kept' },
    ]);
    const late = await askList(gateway, 'wx_1', { ...NO_FALLBACK, Prefer: 'wait=0' });
    expect(JSON.parse(late.body.toString())).toMatchObject({ code: 'upstream-timeout' });
    await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_1', 2);
    await saveList(gateway, 'wx_2', listBytes('saved'));
    const { detail } = await refusal('wx_2', NO_FALLBACK);
    expect(detail).toContain('stale-if-error=0');
    expect(detail).not.toContain('No list is saved');
  });

  test('stale-if-error falls back to a younger saved list, and the refusal names an older one as too old', async () => {
    const tolerant = { 'Cache-Control': 'stale-if-error=60' };
    gateway.simulator.behave('wx_1', { reset: true });
    clock.advance(59_999);
    expect(await outcome(tolerant)).toEqual(['saved', 1]);
    clock.advance(1);
    expect(await outcome(tolerant)).toEqual(['upstream-unreachable', 1]);
    const { detail } = await refusal('wx_1', tolerant);
    expect(detail).toContain('older than stale-if-error allows');
    expect(detail).not.toContain('No list is saved');
  });

  test('a refusal says that no list is saved', async () => {
    const { detail, retryAfter } = await refusal('wx_2', {});
    expect(detail).toContain('No list is saved');
    expect(retryAfter).toBeGreaterThanOrEqual(1);
  });

  test('Preference-Applied is sent only if the wait was honoured', async () => {
    const patient = { Prefer: 'wait=60' };
    const applied = async (headers: Record<string, string>) =>
      (await askList(gateway, 'wx_1', headers)).headers['preference-applied'];
    expect(await applied(patient)).toBe('wait=60');
    expect(await applied({ ...patient, ...ONLY_IF_CACHED })).toBeUndefined();
    expect(await applied({ ...patient, ...maxAge(60) })).toBeUndefined();
    expect(await applied({ Prefer: 'foo; wait=3' })).toBeUndefined();
    expect(await applied({ Prefer: 'wait=3; foo' })).toBe('wait=3');
  });

  test('a wait longer than LIST_HARD_LIMIT_MS is shortened to it', async () => {
    const reply = await askList(gateway, 'wx_1', { Prefer: 'wait=600' });
    expect(reply.headers['preference-applied']).toBe('wait=300');
  });

  test('wait=0 returns the saved list at once and still calls the upstream', async () => {
    gateway.simulator.behave('wx_1', { hang: true });
    const reply = await askList(gateway, 'wx_1', { Prefer: 'wait=0' });
    expect(reply.headers).toMatchObject({
      'preference-applied': 'wait=0',
      'x-gateway-source': 'saved',
    });
    await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_1', 2);
  });

  test('a refusal has Preference-Applied, too', async () => {
    gateway.simulator.behave('wx_2', [
      { operations: ['fetchContactsList'], hang: true },
      { cacheList: 'none' },
    ]);
    const reply = await askList(gateway, 'wx_2', { Prefer: 'respond-async, WAIT="0"' });
    expect(reply.status).toBe(504);
    expect(reply.headers['preference-applied']).toBe('wait=0');
  });

  test.each(['wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=soon', 'waiting=1', ''])(
    'an invalid wait is ignored: %j',
    async (prefer) => {
      const reply = await askList(gateway, 'wx_1', { Prefer: prefer });
      expect(reply.status).toBe(200);
      expect(reply.headers).not.toHaveProperty('preference-applied');
    },
  );
});

describe('with freshForSeconds: 60', () => {
  beforeEach(() => start('list: { freshForSeconds: 60 }'));

  test('a saved list is returned without a call until it is 60 seconds old', async () => {
    clock.advance(59_999);
    expect(await outcome({})).toEqual(['saved', 0]);
    clock.advance(1);
    expect(await outcome({})).toEqual(['live', 1]);
  });

  test("the caller's max-age takes precedence, and no-cache still calls the upstream", async () => {
    clock.advance(30_000);
    expect(await outcome(maxAge(10))).toEqual(['live', 1]);
    clock.advance(90_000);
    expect(await outcome(maxAge(100))).toEqual(['saved', 0]);
    expect(await outcome(NO_CACHE)).toEqual(['live', 1]);
  });
});
