import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Behaviour, type Simulator } from '../../src/simulator/simulator.ts';
import {
  addBody,
  isAdd,
  REJECT,
  sentAdds,
  TRUSTING,
  TRUSTING_WITHOUT_GAPS,
} from '../support/add-contacts.ts';
import { callerWhoLeaves, GOOD_HEADERS } from '../support/http-client.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let clock: MovableClock;
let gateway: TestGateway;
let simulator: Simulator;
let port: number;

async function start(env: Record<string, string | undefined> = {}, policy = TRUSTING) {
  simulator = createSimulator({ token: TOKEN });
  const started = await simulator.start();
  port = started.port;
  clock = movableClock();
  gateway = await startGateway({
    simulator,
    policy,
    env: { GEWE_BASE_URL: started.baseUrl, ...env },
    overrides: { clock },
  });
}

afterEach(async () => {
  await gateway.stop();
  await simulator.stop();
});

const add = (v3?: string, option?: number) =>
  gateway.post('addContacts', addBody('wx_a', v3, option));
/** What is left of the 15 per day, read from a response that costs nothing. */
const leftToday = async () => {
  simulator.behave('wx_a', []);
  const answer = await add('v3_any', REJECT).expect(200);
  return Number(/"add-per-day";r=(\d+);/.exec(answer.headers['ratelimit'] ?? '')?.[1]);
};

describe('an attempt that did not reach the upstream', () => {
  beforeEach(() => start());

  test('is refused with upstream-unreachable and refunded, and the next attempt is allowed at once', async () => {
    await simulator.stop();
    const answer = await add().expect(502);
    expect(answer.body).toMatchObject({ code: 'upstream-unreachable', ret: 502 });
    expect(answer.body.detail).toContain('was not carried out');
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=15;');

    await simulator.start(port);
    await add().expect(200);
    expect(sentAdds(simulator)).toHaveLength(1);
  });
});

// The cost of each fault of an upstream is tested in upstream-faults.test.ts.
describe('an attempt with an unknown outcome', () => {
  // Long enough for the later calls, which are answered at once.
  const TIMEOUT = { GEWE_TIMEOUT_MS: '3000' };

  test.each<[string, Behaviour, number, string]>([
    ['a reset', { reset: true }, 502, 'upstream-unreachable'],
    ['no answer in time', { hang: true }, 504, 'upstream-timeout'],
  ])(
    'stays charged after %s, is sent once, and the refusal says that it may have been carried out',
    async (_what, behaviour, status, code) => {
      await start(status === 504 ? TIMEOUT : {});
      simulator.behave('wx_a', behaviour);
      const answer = await add();

      expect(answer.status).toBe(status);
      expect(answer.body.code).toBe(code);
      expect(answer.body.detail).toContain('may have been carried out');
      expect(answer.headers['ratelimit']).toContain('"add-per-day";r=14;');
      expect(await leftToday()).toBe(14);
      expect(sentAdds(simulator)).toHaveLength(2);
      const next = await add('v3_bob').expect(429);
      expect(next.body.code).toBe('add-too-soon');
    },
  );
});

test('a refusal by GEWE is passed on unchanged and stays charged', async () => {
  await start();
  simulator.behave('wx_a', { accountOffline: true });
  const answer = await add().expect(200);

  expect(answer.body).toMatchObject({ ret: 500, data: { code: '-1' } });
  expect(await leftToday()).toBe(14);
});

describe('an addContacts whose caller has left', () => {
  beforeEach(() => start());

  test('is finished and stays charged', async () => {
    simulator.behave('wx_a', { delayMs: 150 });
    const caller = callerWhoLeaves(gateway.url, {
      path: '/contacts/addContacts',
      headers: GOOD_HEADERS,
      body: JSON.stringify(addBody('wx_a')),
    });
    const call = await simulator.waitForCall(isAdd);
    await caller.leave();

    expect(await call.ended).toBe('answered');
    expect(await leftToday()).toBe(14);
    const left = gateway.log.filter(({ msg, status }) => msg === 'request' && status === undefined);
    expect(left).toMatchObject([{ operation: 'addContacts', client: 'test' }]);
  });
});

describe('an addContacts whose token the upstream rejects', () => {
  const NEW_TOKEN = 'tok-after-rotation-77';
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let file: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'token');
    await writeFile(file, TOKEN);
    await start({ GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: file }, TRUSTING_WITHOUT_GAPS);
    simulator.behave('wx_a', { delayMs: 200 });
  });
  afterEach(() => folder.remove());

  test('is repeated once with the new token if the token file has changed, and charged once', async () => {
    simulator.setToken(NEW_TOKEN);
    const answering = add().then((answer) => answer);
    await simulator.waitForCall(isAdd);
    await writeFile(file, NEW_TOKEN);
    const answer = await answering;

    expect(answer.body).toMatchObject({ ret: 200 });
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=14;');
    const [first, second, ...more] = sentAdds(simulator);
    expect([first, second].map((call) => call?.headers['x-gewe-token'])).toEqual([
      TOKEN,
      NEW_TOKEN,
    ]);
    expect(second?.body).toEqual(first?.body);
    expect(more).toEqual([]);
  });

  test('is not repeated if the token file has not changed', async () => {
    simulator.setToken(NEW_TOKEN);
    const answer = await add().expect(502);

    expect(answer.body.code).toBe('upstream-token-rejected');
    expect(sentAdds(simulator)).toHaveLength(1);
  });

  test('is repeated at most once, even if the new token is rejected too', async () => {
    simulator.setToken('tok-a-third-one-88');
    const answering = add().then((answer) => answer);
    await simulator.waitForCall(isAdd);
    await writeFile(file, NEW_TOKEN);

    expect((await answering).body.code).toBe('upstream-token-rejected');
    expect(sentAdds(simulator)).toHaveLength(2);
  });
});
