import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { callerWhoLeaves, GOOD_HEADERS } from '../support/http-client.ts';
import { askList } from '../support/lists.ts';
import {
  DEAD_BASE_URL,
  KEY,
  startGateway,
  TOKEN,
  type TestGateway,
} from '../support/start-gateway.ts';

const APP_ID = 'wx_sales_1';
const V3 = 'v3_must_not_be_logged';

let clock: MovableClock;
let gateway: TestGateway;
beforeEach(async () => {
  clock = movableClock();
  gateway = await startGateway({ policy: TRUSTING, overrides: { clock } });
});
afterEach(() => gateway.stop());

/** Replaces the usual gateway by one with these variables. */
async function restart(env: Record<string, string>): Promise<void> {
  await gateway.stop();
  gateway = await startGateway({ policy: TRUSTING, env, overrides: { clock } });
}

/** The request lines of all earlier requests. Stopping the gateway waits for the last of them. */
async function requestLines() {
  await gateway.gateway.stop();
  return gateway.log.filter(({ msg }) => msg === 'request');
}

describe('the request log', () => {
  test('has exactly one line per request, with what an operator asks for', async () => {
    const id = { 'X-Request-Id': 'my-id-1' };
    await gateway.post('addContacts', addBody(APP_ID, V3), id).expect(200);
    await gateway.post('search', { appId: APP_ID, contactsInfo: V3 }).expect(200);

    const [first, second, ...more] = await requestLines();
    expect(first).toEqual({
      level: 'info',
      time: expect.any(String),
      instance: `${hostname()}:${new URL(gateway.url).port}`,
      msg: 'request',
      requestId: 'my-id-1',
      client: 'test',
      appId: APP_ID,
      operation: 'addContacts',
      source: 'live',
      status: 200,
      durationMs: 0,
      upstreamMs: 0,
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

  test('has the account of a request only once that is known to be one', async () => {
    const get = (path: string) =>
      supertest(gateway.url).get(path).set('Authorization', `Bearer ${KEY}`);
    await gateway.post('search', { appId: '../wx 1' }).expect(400);
    await gateway.post('search', { appId: `wx_${KEY}` }).expect(400);
    await get(`/accounts/${APP_ID}`).expect(200);
    await get('/accounts/wx%2F1').expect(400);

    const lines = await requestLines();
    expect(lines.map(({ appId }) => appId)).toEqual([undefined, undefined, APP_ID, undefined]);
  });

  test('has the rule that refused an attempt and when it opens, and no time of the upstream', async () => {
    await gateway.post('addContacts', addBody(APP_ID, V3)).expect(200);
    const { body } = await gateway.post('addContacts', addBody(APP_ID, V3)).expect(429);

    const line = (await requestLines()).at(-1);
    expect(line).toMatchObject({ code: body.code, rule: body.rule, retryAt: body.retryAt });
    expect(line?.['rule']).toBe('target-gap');
    expect(line).not.toHaveProperty('upstreamMs');
  });

  test('has the path of a 404 without its query, cut off, and without a secret', async () => {
    for (const path of [
      '/contact/search?appId=x',
      `/${KEY}/v2/api`,
      `/${encodeURIComponent(TOKEN).replace('-', '%2d')}`,
      `/${'x'.repeat(300)}`,
    ]) {
      await supertest(gateway.url).get(path).set('X-API-Key', KEY).expect(404);
    }
    await supertest(gateway.url).get('/contacts/search').expect(405);

    const lines = await requestLines();
    expect(lines.map(({ path }) => path)).toEqual([
      '/contact/search',
      '/***/v2/api',
      '/***',
      `/${'x'.repeat(199)}`,
      undefined,
    ]);
  });

  test.each([
    ['saved', 'fetchContactsList', {}, { 'Cache-Control': 'only-if-cached' }],
    ['replayed', 'addContacts', addBody(APP_ID, V3), { 'Idempotency-Key': 'k1' }],
  ])('has the source %s', async (source, operation, body, headers) => {
    await gateway.post('fetchContactsList', { appId: APP_ID }).expect(200);
    if (operation === 'addContacts') await gateway.post(operation, body, headers).expect(200);
    await gateway.post(operation, { appId: APP_ID, ...body }, headers).expect(200);

    const line = (await requestLines()).at(-1);
    expect(line).toMatchObject({ source, operation, status: 200 });
    expect(line).not.toHaveProperty('upstreamMs');
  });

  test.each(['search', 'fetchContactsList', 'addContacts'])(
    'has the duration of %s, and how much of it was the upstream',
    async (operation) => {
      gateway.simulator.behave(APP_ID, { delayMs: 50 });
      const answering = gateway.post(operation, addBody(APP_ID, V3)).then((answer) => answer);
      await gateway.simulator.waitForCall((call) => call.operation === `contacts/${operation}`);
      clock.advance(1234);
      await answering;

      expect(await requestLines()).toMatchObject([{ durationMs: 1234, upstreamMs: 1234 }]);
    },
  );

  test.each(['search', 'fetchContactsList', 'addContacts'])(
    'has how long a caller of %s waited for the upstream before it left',
    async (operation) => {
      gateway.simulator.behave(APP_ID, { delayMs: 50 });
      const body = JSON.stringify(addBody(APP_ID, V3));
      const path = `/contacts/${operation}`;
      const caller = callerWhoLeaves(gateway.url, { path, headers: GOOD_HEADERS, body });
      await gateway.simulator.waitForCall((call) => call.operation === `contacts/${operation}`);
      clock.advance(700);
      await caller.leave();

      const [line] = await requestLines();
      expect(line).toMatchObject({ appId: APP_ID, durationMs: 700, upstreamMs: 700 });
      expect(line).not.toHaveProperty('status');
    },
  );

  test('says of a failed call whose request it was, for which account, how long it took, and why, without a stack', async () => {
    await restart({ GEWE_BASE_URL: DEAD_BASE_URL });
    await gateway.post('search', { appId: APP_ID }, { 'X-Request-Id': 'my-id-2' }).expect(502);
    await askList(gateway, APP_ID, { 'X-Request-Id': 'my-id-3' });

    const failed = gateway.log.filter(({ msg }) => msg === 'upstream call failed');
    expect(failed[0]).toEqual({
      level: 'warn',
      time: expect.any(String),
      instance: expect.any(String),
      msg: 'upstream call failed',
      requestId: 'my-id-2',
      appId: APP_ID,
      operation: 'search',
      path: '/v2/api/contacts/search',
      outcome: 'unreachable',
      durationMs: 0,
      why: 'ECONNREFUSED 127.0.0.1:1',
    });
    expect(failed[1]).toMatchObject({ requestId: 'my-id-3', operation: 'fetchContactsList' });
  });

  test('has the name of the gateway in each line', async () => {
    await restart({ INSTANCE: 'gateway-3' });
    await gateway.post('search', { appId: APP_ID }).expect(200);

    expect(new Set((await requestLines()).map(({ instance }) => instance))).toEqual(
      new Set(['gateway-3']),
    );
    expect(gateway.gateway.about.instance).toBe('gateway-3');
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

  test('has no line for probes, and contains no body, key or token at any level', async () => {
    await supertest(gateway.url).get('/healthz').expect(200);
    await supertest(gateway.opsUrl).get('/metrics').expect(200);
    await gateway.post('addContacts', addBody(APP_ID, V3), { 'Idempotency-Key': 'idem-key-1' });
    await gateway.post('addContacts', addBody(APP_ID, V3)).expect(429);
    gateway.simulator.behave(APP_ID, { reset: true });
    await gateway.post('search', { appId: APP_ID, contactsInfo: V3 }).expect(502);
    await supertest(gateway.url).post('/contacts/search').set('X-API-Key', 'a-wrong-key');

    expect(await requestLines()).toHaveLength(4);
    const text = JSON.stringify(gateway.log);
    for (const secret of [V3, KEY, TOKEN, 'a-wrong-key', 'idem-key-1']) {
      expect(text).not.toContain(secret);
    }
  });
});
