/** An operator's refresh is held to the same bounds as that of a caller. */
import { afterEach, expect, test } from '@jest/globals';
import { askAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';
import { listCalls, LIST, listCallerWhoLeaves } from '../support/lists.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let gateway: TestGateway;
afterEach(() => gateway.stop());

async function start(policy: string): Promise<void> {
  clock = movableClock();
  gateway = await startGateway({
    keepsConnections: false,
    policy,
    env: { SHUTDOWN_GRACE_MS: '0' },
    overrides: { clock },
  });
}

const refresh = (appId: string) => askAdmin(gateway, `/lists/${appId}/refresh`, 'POST');
const actionsOf = async (appId: string) =>
  (await askAdmin(gateway, `/accounts/${appId}/actions`)).json()['actions'];

test('without a free slot it is refused with 504 and Retry-After, and not journaled', async () => {
  await start('list: { maxCallsUnderWay: 1 }');
  gateway.simulator.behave('*', { hang: true });
  const caller = listCallerWhoLeaves(gateway, 'wx_a');
  await gateway.simulator.waitForCall(({ operation }) => operation === LIST);
  expect((await refresh('wx_a')).json()).toEqual({ refresh: 'under-way' });

  const answer = await refresh('wx_b');
  expect(answer.status).toBe(504);
  expect(answer.json()).toMatchObject({ code: 'upstream-timeout' });
  expect(answer.headers['retry-after']).toBe('5');
  expect(listCalls(gateway, 'wx_b')).toBe(0);
  expect(await actionsOf('wx_b')).toEqual([]);
  await caller.leave();
});

test('while the upstream is down it is refused with 502, until it is its turn to find out', async () => {
  await start('breaker: { failures: 2, windowSeconds: 10, probeEverySeconds: 5 }');
  gateway.simulator.behave('*', { reset: true });
  gateway.simulator.behave('wx_slow', { hang: true });
  expect((await refresh('wx_slow')).json()).toEqual({ refresh: 'started' });
  const isOpen = async () =>
    /^gewe_gateway_breaker_open 1$/m.test(await gateway.gateway.metrics.text());
  for (const appId of ['wx_a', 'wx_b']) {
    expect((await refresh(appId)).status).toBe(202);
    await gateway.simulator.waitForCall((call) => call.appId === appId && call.operation === LIST);
  }
  expect(await eventually(isOpen)).toBe(true);
  gateway.simulator.behave('*', []);

  const answer = await refresh('wx_c');
  expect(answer.status).toBe(502);
  expect(answer.json()).toMatchObject({ code: 'upstream-unreachable' });
  expect(answer.headers['retry-after']).toBe('5');
  expect(await actionsOf('wx_c')).toEqual([]);
  expect((await refresh('wx_slow')).json()).toEqual({ refresh: 'under-way' });

  clock.advance(5000);
  expect((await refresh('wx_c')).json()).toEqual({ refresh: 'started' });
});
