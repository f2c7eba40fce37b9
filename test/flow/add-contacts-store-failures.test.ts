import { systemClock, type Clock } from '../../src/time.ts';
import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import {
  ACCEPT,
  ADD,
  addBody,
  MINUTE_MS,
  REJECT,
  sentAdds,
  TRUSTING,
} from '../support/add-contacts.ts';
import { movableClock } from '../support/movable-clock.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

type Port = 'ledger' | 'accounts' | 'idempotency';

const SECRET_REASON = 'disk I/O error in /var/lib/secret-place';
let gateway: TestGateway;
afterEach(() => gateway.stop());

/** Memory stores, one of which fails, together with the engine, while `broken` is set. */
function breakable(port: Port, clock: Clock = systemClock) {
  const stores = openMemoryStores(clock, 1_000_000);
  const state = { broken: true };
  const whole: Stores = {
    ...stores,
    [port]: failing(stores[port], () => state.broken),
    check: () => (state.broken ? Promise.reject(new Error(SECRET_REASON)) : stores.check()),
  };
  return { stores: whole, state };
}

function failing<T extends object>(target: T, isBroken: () => boolean): T {
  return new Proxy(target, {
    get(_, name) {
      if (isBroken()) return () => Promise.reject(new Error(SECRET_REASON));
      return Reflect.get(target, name) as unknown;
    },
  });
}

const add = (option: number, headers = {}) =>
  gateway.post('addContacts', addBody('wx_a', 'v3_ann', option), headers);

describe.each<Port>(['ledger', 'accounts', 'idempotency'])('if the store of %s fails', (port) => {
  const headers = port === 'idempotency' ? { 'Idempotency-Key': 'k1' } : {};

  test.each([ADD, ACCEPT, REJECT])(
    'addContacts with option %i is refused with 503, and nothing is forwarded',
    async (option) => {
      gateway = await startGateway({
        policy: TRUSTING,
        overrides: { stores: breakable(port).stores },
      });
      const answer = await add(option, headers).expect(503);

      expect(answer.body.code).toBe('store-unavailable');
      expect(answer.headers['retry-after']).toBe('5');
      expect(answer.text).not.toContain('secret-place');
      expect(sentAdds(gateway.simulator)).toEqual([]);
    },
  );

  test('an invalid request is refused for its own fault, not with store-unavailable', async () => {
    gateway = await startGateway({
      policy: TRUSTING,
      overrides: { stores: breakable(port).stores },
    });
    const option = await gateway.post('addContacts', addBody('wx_a', 'v3_ann', 5), headers);
    expect([option.status, option.body]).toMatchObject([400, { code: 'invalid-option' }]);
    const target = await gateway.post('addContacts', addBody('wx_a', '', ADD), headers);
    expect([target.status, target.body]).toMatchObject([400, { code: 'invalid-target' }]);
  });

  test('other operations work, readiness names the store on both listeners, and the log has the reason', async () => {
    gateway = await startGateway({ overrides: { stores: breakable(port).stores } });
    await add(ADD, headers).expect(503);
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);

    for (const url of [gateway.url, gateway.opsUrl]) {
      const ready = await supertest(url).get('/readyz').expect(503);
      expect(ready.body).toEqual({ status: 'not-ready', notReady: ['store'], breaker: 'closed' });
      await supertest(url).get('/healthz').expect(200);
    }
    const why = gateway.log.filter(({ err }) => JSON.stringify(err ?? '').includes(SECRET_REASON));
    expect(why[0]).toMatchObject({ level: 'error' });
    const metrics = await supertest(gateway.opsUrl).get('/metrics').expect(200);
    expect(metrics.text).toMatch(/^gewe_gateway_store_errors_total\{store="quotas"\} [1-9]/m);
  });

  test('addContacts and readiness recover when the store works again', async () => {
    const clock = movableClock();
    const { stores, state } = breakable(port, clock);
    gateway = await startGateway({ policy: TRUSTING, overrides: { stores, clock } });
    await add(ADD, headers).expect(503);
    await supertest(gateway.url).get('/readyz').expect(503);
    state.broken = false;
    clock.advance(MINUTE_MS);

    const answer = await add(ADD, headers).expect(200);
    expect(answer.headers['ratelimit']).toContain('"add-per-day";r=14;');
    await supertest(gateway.url).get('/readyz').expect(200);
  });
});

test('if only saving the response for the key fails, the response is sent, and the key is never sent to GEWE again', async () => {
  const clock = movableClock();
  const stores = openMemoryStores(clock, 1_000_000);
  const complete = () => Promise.reject(new Error(SECRET_REASON));
  gateway = await startGateway({
    policy: TRUSTING,
    overrides: { clock, stores: { ...stores, idempotency: { ...stores.idempotency, complete } } },
  });
  const key = { 'Idempotency-Key': 'k1' };
  await add(ADD, key).expect(200);

  expect((await add(ADD, key).expect(409)).body.code).toBe('idempotency-in-progress');
  clock.advance(60 * MINUTE_MS);
  const later = await add(ADD, key).expect(504);
  expect(later.body.detail).toContain('may have been carried out');
  expect(sentAdds(gateway.simulator)).toHaveLength(1);
});
