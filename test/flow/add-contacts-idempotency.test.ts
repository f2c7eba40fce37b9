import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import {
  addBody,
  DAY_MS,
  isAdd,
  MINUTE_MS,
  REJECT,
  sentAdds,
  TRUSTING,
} from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

let clock: MovableClock;
let simulator: Simulator;
let port: number;
let gateway: TestGateway;

beforeEach(() => start());
afterEach(stop);

async function start(env: Record<string, string> = {}): Promise<void> {
  clock = movableClock();
  simulator = createSimulator({ token: TOKEN });
  const started = await simulator.start();
  port = started.port;
  gateway = await startGateway({
    simulator,
    policy: TRUSTING,
    env: {
      GEWE_BASE_URL: started.baseUrl,
      GATEWAY_KEYS: 'test:gwk_test_key,other:gwk_other_key',
      ...env,
    },
    overrides: { clock },
  });
}

async function stop(): Promise<void> {
  await gateway.stop();
  await simulator.stop();
}

const add = (key: string, body: unknown = addBody('wx_a'), headers = {}) =>
  gateway.post('addContacts', body, { 'Idempotency-Key': key, ...headers });

describe('a repeated request with the same key and body', () => {
  test('gets the first response, byte for byte, without a second call', async () => {
    const bytes = ' {"ret" : 200, "msg":"操作成功","data":{"id": 12345678901234567890}}\n';
    simulator.behave('wx_a', {
      raw: { body: bytes, contentType: 'application/json;charset=UTF-8' },
    });
    const first = await add('k1').expect(200);
    simulator.behave('wx_a', []);
    const again = await add('k1').expect(200);

    expect(first.text).toBe(bytes);
    expect(again.text).toBe(bytes);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(sentAdds(simulator)).toHaveLength(1);
  });

  test('gets the first refusal by GEWE', async () => {
    simulator.behave('wx_a', { accountOffline: true });
    const first = await add('k1').expect(200);
    simulator.behave('wx_a', []);

    expect((await add('k1').expect(200)).text).toBe(first.text);
    expect(sentAdds(simulator)).toHaveLength(1);
  });

  test('gets the first response even if the quota is exhausted meanwhile', async () => {
    await add('k1').expect(200);
    await add('k2').expect(429);
    await add('k1').expect(200);
  });

  test('gets the first response for a reject, too', async () => {
    await add('k1', addBody('wx_a', 'v3_ann', REJECT)).expect(200);
    const again = await add('k1', addBody('wx_a', 'v3_ann', REJECT)).expect(200);
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  test.each([
    ['a timeout', { hang: true }, 504],
    ['a reset', { reset: true }, 502],
    ['an invalid response', { html: true }, 502],
  ])(
    'gets %s again, so that an attempt that may have been carried out is not sent twice',
    async (_what, behaviour, status) => {
      if (status === 504) {
        await stop();
        await start({ GEWE_TIMEOUT_MS: '300' });
      }
      simulator.behave('wx_a', behaviour);
      const first = await add('k1').expect(status);
      simulator.behave('wx_a', []);
      clock.advance(60 * MINUTE_MS);
      const again = await add('k1').expect(status);

      expect(again.headers['idempotency-replayed']).toBe('true');
      expect({ ...again.body, requestId: '' }).toEqual({ ...first.body, requestId: '' });
      expect(sentAdds(simulator)).toHaveLength(1);
    },
  );

  test('is carried out anew after 24 hours, and not a millisecond earlier', async () => {
    await add('k1').expect(200);
    clock.advance(DAY_MS - 1);
    expect((await add('k1').expect(200)).headers['idempotency-replayed']).toBe('true');
    clock.advance(1);
    expect((await add('k1').expect(200)).headers['idempotency-replayed']).toBeUndefined();
    expect(sentAdds(simulator)).toHaveLength(2);
  });

  test('is refused with 409 while the first one is running, and then gets its response', async () => {
    simulator.behave('wx_a', { delayMs: 150 });
    const first = add('k1').then((answer) => answer);
    await simulator.waitForCall(isAdd);
    const meanwhile = await add('k1').expect(409);
    expect(meanwhile.body.code).toBe('idempotency-in-progress');
    expect(meanwhile.headers['retry-after']).toBe('1');

    const { text } = await first;
    expect((await add('k1').expect(200)).text).toBe(text);
    expect(sentAdds(simulator)).toHaveLength(1);
  });
});

describe('an Idempotency-Key that was used before', () => {
  test('is refused with 422 for a body that differs, even by one space', async () => {
    const body = JSON.stringify(addBody('wx_a'));
    await add('k1', body).expect(200);
    const answer = await add('k1', `${body} `).expect(422);

    expect(answer.body.code).toBe('idempotency-mismatch');
    expect(sentAdds(simulator)).toHaveLength(1);
  });

  test('is independent of the same key of another client or for another account', async () => {
    await add('k1').expect(200);
    await add('k1', addBody('wx_b')).expect(200);
    const other = await add('k1', addBody('wx_a'), { Authorization: 'Bearer gwk_other_key' });

    // This is not the first client's response: the quota of the account refuses the request.
    expect(other.body.code).toBe('target-quota-exhausted');
    expect(sentAdds(simulator)).toHaveLength(2);
  });

  test('can be used again if a quota refused the request', async () => {
    await add('k1').expect(200);
    await add('k2', addBody('wx_a', 'v3_bob')).expect(429);
    clock.advance(MINUTE_MS);
    const answer = await add('k2', addBody('wx_a', 'v3_bob')).expect(200);
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });

  test('can be used again if the body was refused', async () => {
    await add('k1', { ...addBody('wx_a'), option: 7 }).expect(400);
    await add('k1').expect(200);
  });

  test('can be used again if the request did not reach the upstream', async () => {
    await simulator.stop();
    await add('k1').expect(502);
    await simulator.start(port);
    const answer = await add('k1').expect(200);
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });

  test('can be used again if the upstream rejected the token', async () => {
    simulator.setToken('tok-another-one-55');
    expect((await add('k1').expect(502)).body.code).toBe('upstream-token-rejected');
    simulator.setToken(TOKEN);
    clock.advance(60 * MINUTE_MS);
    await add('k1').expect(200);
  });
});

test('without an Idempotency-Key, the same body sent twice is two attempts', async () => {
  await gateway.post('addContacts', addBody('wx_a')).expect(200);
  clock.advance(60 * MINUTE_MS);
  await gateway.post('addContacts', addBody('wx_a')).expect(200);
  expect(sentAdds(simulator)).toHaveLength(2);
});
