import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import {
  addBody,
  DAY_MS,
  expectRefusedUntil,
  MINUTE_MS,
  sentAdds,
  TRUSTING,
} from '../support/add-contacts.ts';
import { emptyStore, engine } from '../support/engine.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let clock: MovableClock;
let simulator: Simulator;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** The URL of an empty store, of the engine under test. */
let storeUrl: string;
let baseUrl: string;
let gateway: TestGateway;

beforeEach(async () => {
  clock = movableClock();
  folder = await temporaryFolder();
  storeUrl = emptyStore(folder.path);
  simulator = createSimulator({ token: TOKEN });
  ({ baseUrl } = await simulator.start());
});
afterEach(async () => {
  await gateway.stop();
  await simulator.stop();
  await folder.remove();
});

async function start(policy: string, more: Record<string, string> = {}): Promise<void> {
  const env = { STORE_URL: storeUrl, GEWE_BASE_URL: baseUrl, ...more };
  gateway = await startGateway({ simulator, env, policy, overrides: { clock } });
}

const add = (v3: string, option?: number) =>
  gateway.post('addContacts', addBody('wx_a', v3, option));

const declaredOld = (since: number) => `
accounts: { wx_a: { onlineSince: "${new Date(since).toISOString()}" } }
addContacts: { add: { minimumGapSeconds: 0 } }
`;

test('exactly 5 of 100 simultaneous addContacts are forwarded if 5 are left', async () => {
  await start(declaredOld(clock.now() - 4 * DAY_MS));
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => add(`v3_${i}`)));

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(95);
  for (const answer of refused) {
    expectRefusedUntil(answer, 'add-quota-exhausted', clock.now() + DAY_MS, clock.now());
  }
  expect(sentAdds(simulator)).toHaveLength(5);
});

test('one of 20 simultaneous addContacts to the same person is forwarded', async () => {
  await start(declaredOld(clock.now() - 100 * DAY_MS));
  const answers = await Promise.all(Array.from({ length: 20 }, () => add('v3_ann')));

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(sentAdds(simulator)).toHaveLength(1);
});

test('one of 20 simultaneous addContacts with the same Idempotency-Key is forwarded', async () => {
  await start(declaredOld(clock.now() - 100 * DAY_MS));
  simulator.behave('wx_a', { delayMs: 100 });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => add('v3_ann').set('Idempotency-Key', 'k1')),
  );

  expect(sentAdds(simulator)).toHaveLength(1);
  for (const { status } of answers) expect([200, 409]).toContain(status);
});

// Memory does not survive a restart.
const describeRestart = engine === 'memory' ? () => undefined : describe;

describeRestart('a restart', () => {
  async function restart(policy: string): Promise<void> {
    await gateway.stop();
    await start(policy);
  }

  test('keeps every charge', async () => {
    await start(TRUSTING);
    const first = clock.now();
    await add('v3_ann').expect(200);
    await restart(TRUSTING);

    expectRefusedUntil(await add('v3_bob'), 'add-too-soon', first + MINUTE_MS, clock.now());
    clock.advance(MINUTE_MS);
    const answer = await add('v3_bob').expect(200);
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=13;');
  });

  test('keeps the charge of an attempt that timed out', async () => {
    await start(TRUSTING, { GEWE_TIMEOUT_MS: '100' });
    simulator.behave('wx_a', { hang: true, times: 1 });
    await add('v3_ann').expect(504);
    await restart(TRUSTING);

    expect((await add('v3_bob').expect(429)).body.code).toBe('add-too-soon');
  });

  test('keeps the instant since which an account is online', async () => {
    await start('');
    const seen = clock.now();
    await add('v3_ann').expect(429);
    clock.advance(DAY_MS);
    await restart('');

    expectRefusedUntil(await add('v3_ann'), 'account-too-young', seen + 3 * DAY_MS, clock.now());
    expect(simulator.calls).toHaveLength(1);
  });

  test('keeps the first response for an Idempotency-Key', async () => {
    await start(TRUSTING);
    const first = await add('v3_ann').set('Idempotency-Key', 'k1').expect(200);
    await restart(TRUSTING);
    const again = await add('v3_ann').set('Idempotency-Key', 'k1').expect(200);

    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.text).toBe(first.text);
    expect(sentAdds(simulator)).toHaveLength(1);
  });
});
