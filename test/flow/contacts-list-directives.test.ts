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

/** Where the answer came from, or the code of the refusal; and how often the upstream was asked since. */
async function outcome(headers: Record<string, string>, appId = 'wx_1') {
  const before = listCalls(gateway, appId);
  const reply = await askList(gateway, appId, headers);
  const { code } = JSON.parse(reply.body.toString()) as { code?: string };
  return [code ?? reply.headers['x-gateway-source'], listCalls(gateway, appId) - before];
}

/** What the refusal says when the connection to the upstream is reset. */
async function refusal(appId: string, headers: Record<string, string>) {
  gateway.simulator.behave(appId, { reset: true });
  const reply = await askList(gateway, appId, headers);
  expect(reply.status).toBe(502);
  const { detail } = JSON.parse(reply.body.toString()) as { detail: string };
  return { detail, retryAfter: Number(reply.headers['retry-after']) };
}

describe('without a time of freshness', () => {
  beforeEach(() => start());

  test('only-if-cached gives the saved list, whatever its age, without asking the upstream', async () => {
    clock.advance(365 * 86_400_000);
    expect(await outcome(ONLY_IF_CACHED)).toEqual(['saved', 0]);
  });

  test('only-if-cached where nothing is saved is refused with 504 and asks nobody', async () => {
    const reply = await askList(gateway, 'wx_new', ONLY_IF_CACHED);
    expect(reply.status).toBe(504);
    expect(JSON.parse(reply.body.toString())).toMatchObject({ code: 'list-not-saved' });
    expect(gateway.simulator.calls.filter(({ appId }) => appId === 'wx_new')).toEqual([]);
  });

  test('max-age gives a saved list that is younger, and asks for one that is not', async () => {
    clock.advance(59_000);
    expect(await outcome(maxAge(60))).toEqual(['saved', 0]);
    clock.advance(1_000);
    expect(await outcome(maxAge(60))).toEqual(['live', 1]);
    expect(await outcome(maxAge(60))).toEqual(['saved', 0]);
    expect(await outcome(maxAge(0))).toEqual(['live', 1]);
  });

  test('max-age does not withhold an older saved list when the upstream fails', async () => {
    clock.advance(120_000);
    gateway.simulator.behave('wx_1', { reset: true });
    expect(await outcome(maxAge(60))).toEqual(['saved', 1]);
  });

  test('only-if-cached together with max-age refuses a saved list that is older', async () => {
    const both = { 'Cache-Control': 'only-if-cached, max-age=60' };
    expect(await outcome(both)).toEqual(['saved', 0]);
    clock.advance(60_000);
    expect(await outcome(both)).toEqual(['list-not-saved', 0]);
  });

  test('no-cache gives the live list and saves it', async () => {
    gateway.simulator.behave('wx_1', { raw: { body: listBytes('newer') } });
    expect(await outcome(NO_CACHE)).toEqual(['live', 1]);
    const saved = await askList(gateway, 'wx_1', ONLY_IF_CACHED);
    expect(saved.body.toString()).toBe(listBytes('newer'));
  });

  test.each(['no-cache', 'no-store', 'no-cache, no-store, max-age=60'])(
    '%s has the upstream asked, and keeps the fallback',
    async (cacheControl) => {
      const headers = { 'Cache-Control': cacheControl };
      expect(await outcome(headers)).toEqual(['live', 1]);
      gateway.simulator.behave('wx_1', { reset: true });
      expect(await outcome(headers)).toEqual(['saved', 1]);
    },
  );

  test('only-if-cached counts, whatever a client adds by itself', async () => {
    expect(await outcome({ 'Cache-Control': 'no-cache, only-if-cached' })).toEqual(['saved', 0]);
  });

  test("stale-if-error=0 gives an error rather than a saved list, even if GEWE's cache has one", async () => {
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

  test('stale-if-error gives a saved list that is younger, and never claims that an older one is not there', async () => {
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

  test('a refusal says if nothing is saved', async () => {
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

  test('a wait beyond LIST_HARD_LIMIT_MS is honoured up to that', async () => {
    const reply = await askList(gateway, 'wx_1', { Prefer: 'wait=600' });
    expect(reply.headers['preference-applied']).toBe('wait=300');
  });

  test('wait=0 gives the saved list at once and has the upstream asked all the same', async () => {
    gateway.simulator.behave('wx_1', { hang: true });
    const reply = await askList(gateway, 'wx_1', { Prefer: 'wait=0' });
    expect(reply.headers).toMatchObject({
      'preference-applied': 'wait=0',
      'x-gateway-source': 'saved',
    });
    await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_1', 2);
  });

  test('a refusal tells the applied wait, too', async () => {
    gateway.simulator.behave('wx_2', [
      { operations: ['fetchContactsList'], hang: true },
      { cacheList: 'none' },
    ]);
    const reply = await askList(gateway, 'wx_2', { Prefer: 'respond-async, WAIT="0"' });
    expect(reply.status).toBe(504);
    expect(reply.headers['preference-applied']).toBe('wait=0');
  });

  test.each(['wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=soon', 'waiting=1', ''])(
    'what cannot be read as a wait is left out: %j',
    async (prefer) => {
      const reply = await askList(gateway, 'wx_1', { Prefer: prefer });
      expect(reply.status).toBe(200);
      expect(reply.headers).not.toHaveProperty('preference-applied');
    },
  );
});

describe('with freshForSeconds: 60', () => {
  beforeEach(() => start('list: { freshForSeconds: 60 }'));

  test('a saved list is given without asking until it is that old', async () => {
    clock.advance(59_999);
    expect(await outcome({})).toEqual(['saved', 0]);
    clock.advance(1);
    expect(await outcome({})).toEqual(['live', 1]);
  });

  test("the caller's own max-age counts instead, and no-cache still asks", async () => {
    clock.advance(30_000);
    expect(await outcome(maxAge(10))).toEqual(['live', 1]);
    clock.advance(90_000);
    expect(await outcome(maxAge(100))).toEqual(['saved', 0]);
    expect(await outcome(NO_CACHE)).toEqual(['live', 1]);
  });
});
