import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const APP_ID = 'wx_must_not_be_logged';
const V3 = 'v3_must_not_be_logged';

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({ policy: TRUSTING, overrides: { clock } });
});
afterEach(() => gateway.stop());

/** The request lines of all earlier requests. Stopping the gateway waits for the last of them. */
async function requestLines() {
  await gateway.gateway.stop();
  return gateway.log.filter(({ msg }) => msg === 'request');
}

describe('the request log', () => {
  test('has exactly one line per request, with id, client, operation, source, status and duration', async () => {
    const id = { 'X-Request-Id': 'my-id-1' };
    await gateway.post('addContacts', addBody(APP_ID, V3), id).expect(200);
    await gateway.post('search', { appId: APP_ID, contactsInfo: V3 }).expect(200);

    const [first, second, ...more] = await requestLines();
    expect(first).toEqual({
      level: 'info',
      time: expect.any(String),
      msg: 'request',
      requestId: 'my-id-1',
      client: 'test',
      operation: 'addContacts',
      source: 'live',
      status: 200,
      durationMs: 0,
    });
    expect(second).toMatchObject({ operation: 'search', status: 200 });
    expect(more).toEqual([]);
  });

  test('has one line per refusal, with its code', async () => {
    await supertest(gateway.url).get('/nowhere').expect(404);
    await supertest(gateway.url).get('/contacts/search').expect(405);
    await supertest(gateway.url).post('/contacts/search').expect(401);
    await gateway.post('search', '{').expect(400);
    await gateway.post('addContacts', { ...addBody(APP_ID, V3), option: 9 }).expect(400);

    const lines = await requestLines();
    expect(
      lines.map(({ code, status, client, operation }) => [code, status, client, operation]),
    ).toEqual([
      ['not-found', 404, undefined, undefined],
      ['method-not-allowed', 405, undefined, 'search'],
      ['unauthenticated', 401, undefined, 'search'],
      ['invalid-json', 400, 'test', 'search'],
      ['invalid-option', 400, 'test', 'addContacts'],
    ]);
  });

  test.each([
    ['saved', 'fetchContactsList', {}, { 'Cache-Control': 'only-if-cached' }],
    ['replayed', 'addContacts', addBody(APP_ID, V3), { 'Idempotency-Key': 'k1' }],
  ])('has the source %s', async (source, operation, body, headers) => {
    await gateway.post('fetchContactsList', { appId: APP_ID }).expect(200);
    if (operation === 'addContacts') await gateway.post(operation, body, headers).expect(200);
    await gateway.post(operation, { appId: APP_ID, ...body }, headers).expect(200);

    expect((await requestLines()).at(-1)).toMatchObject({ source, operation, status: 200 });
  });

  test('has the duration by the injected clock', async () => {
    gateway.simulator.behave(APP_ID, { delayMs: 50 });
    const answering = gateway.post('search', { appId: APP_ID }).then((answer) => answer);
    await gateway.simulator.waitForCall(({ operation }) => operation === 'contacts/search');
    clock.advance(1234);
    await answering;

    expect(await requestLines()).toMatchObject([{ durationMs: 1234 }]);
  });

  test('names the origin of a page that is not listed, cut off, and never one with a secret', async () => {
    const host = `https://${'x'.repeat(400)}.example.com`;
    const origins = ['https://evil.example', host, `https://${KEY}.example`, `https://${TOKEN}`];
    for (const Origin of origins) {
      await gateway.post('search', { appId: APP_ID }, { Origin }).expect(403);
    }
    await supertest(gateway.url)
      .options('/contacts/search')
      .set('Origin', origins[0] ?? '');
    await gateway.post('search', { appId: APP_ID }).expect(200);

    const lines = await requestLines();
    expect(lines.map(({ code, origin }) => [code, origin])).toEqual([
      ['origin-not-allowed', origins[0]],
      ['origin-not-allowed', host.slice(0, 280)],
      ['origin-not-allowed', undefined],
      ['origin-not-allowed', undefined],
      ['origin-not-allowed', origins[0]],
      [undefined, undefined],
    ]);
  });

  test('has no line for probes, and contains no body, key, token or appId at any level', async () => {
    await supertest(gateway.url).get('/healthz').expect(200);
    await supertest(gateway.opsUrl).get('/metrics').expect(200);
    await gateway.post('addContacts', addBody(APP_ID, V3), { 'Idempotency-Key': 'idem-key-1' });
    await gateway.post('addContacts', addBody(APP_ID, V3)).expect(429);
    gateway.simulator.behave(APP_ID, { reset: true });
    await gateway.post('search', { appId: APP_ID, contactsInfo: V3 }).expect(502);
    await supertest(gateway.url).post('/contacts/search').set('X-API-Key', 'a-wrong-key');

    expect(await requestLines()).toHaveLength(4);
    const text = JSON.stringify(gateway.log);
    for (const secret of [APP_ID, V3, KEY, TOKEN, 'a-wrong-key', 'idem-key-1']) {
      expect(text).not.toContain(secret);
    }
  });
});
