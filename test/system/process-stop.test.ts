import { Agent } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { eventually } from '../support/eventually.ts';
import { gatewayProcesses, type GatewayProcesses } from '../support/gateway-processes.ts';
import { heldUpstream, type HeldUpstream } from '../support/raw-upstream.ts';
import { LIST, listBytes } from '../support/lists.ts';
import { KEY } from '../support/start-gateway.ts';

let gateways: GatewayProcesses;
let simulator: Simulator;
let held: HeldUpstream;

beforeEach(async () => {
  gateways = await gatewayProcesses({ policy: TRUSTING, env: { STORE_URL: 'sqlite:gateway.db' } });
  ({ simulator } = gateways);
  held = await heldUpstream();
});
afterEach(async () => {
  await gateways.stop();
  await held.stop();
});

async function start(env: Record<string, string> = {}) {
  const { process: gateway, ...where } = await gateways.start(env);
  return { gateway, ...where };
}

const post = (url: string, operation: string, body: object = {}) =>
  supertest(url)
    .post(`/contacts/${operation}`)
    .set('Authorization', `Bearer ${KEY}`)
    .send({ appId: 'wx_a', ...body });
/** Sends a request now; its outcome is checked later. */
const inBackground = (request: supertest.Test) =>
  request.then(
    ({ status }) => status,
    () => 'cut off' as const,
  );
const called = (operation: string) =>
  simulator.waitForCall((call) => call.operation === `contacts/${operation}`);

describe.each<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP'])('after %s', (signal) => {
  test('/readyz is 503, new connections are refused, the running call finishes, and the process exits with 0', async () => {
    const { gateway, url, opsUrl } = await start({
      GEWE_BASE_URL: held.baseUrl,
      SHUTDOWN_GRACE_MS: '600000',
    });
    const answering = inBackground(post(url, 'search'));
    const call = await held.next('contacts/search');
    gateway.kill(signal);
    await gateway.printed(/"stopping"/);

    const ready = await supertest(opsUrl).get('/readyz').expect(503);
    expect(ready.body).toEqual({ status: 'not-ready', notReady: ['draining'], breaker: 'closed' });
    await supertest(opsUrl).get('/healthz').expect(200);
    // Earlier connections are still accepted, for at most a second if they keep coming.
    const isRefused = () =>
      supertest(url)
        .get('/healthz')
        .then(
          () => false,
          (error: Error) => error.message.includes('ECONNREFUSED'),
        );
    expect(await eventually(isRefused)).toBe(true);

    call.answer('{"ret":200}');
    expect(await answering).toBe(200);
    expect(await gateway.ended).toEqual({ code: 0, signal: null });
    expect(gateway.output()).toContain('"stopped"');
  });
});

test('a kept connection gets one more response, with Connection: close, and does not delay the end', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { gateway, url } = await start({ SHUTDOWN_GRACE_MS: '600000' });
  await post(url, 'search').agent(agent).expect('Connection', 'keep-alive').expect(200);
  gateway.kill('SIGTERM');
  await gateway.printed(/"stopping"/);
  await post(url, 'search').agent(agent).expect('Connection', 'close').expect(200);

  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  agent.destroy();
});

test('an idle connection does not delay the end', async () => {
  const agent = new Agent({ keepAlive: true });
  const { gateway, url } = await start({ SHUTDOWN_GRACE_MS: '1000' });
  await post(url, 'search').agent(agent).expect(200);
  gateway.kill('SIGTERM');

  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  agent.destroy();
});

test('calls longer than SHUTDOWN_GRACE_MS are ended, and the process exits with 0', async () => {
  const { gateway, url } = await start({
    SHUTDOWN_GRACE_MS: '100',
    GEWE_TIMEOUT_MS: '600000',
    LIST_DEADLINE_MS: '600000',
    LIST_HARD_LIMIT_MS: '600000',
  });
  simulator.behave('wx_a', { hang: true });
  const operations = ['search', 'addContacts', 'fetchContactsList'];
  const answering = operations.map((operation) =>
    inBackground(post(url, operation, addBody('wx_a'))),
  );
  await Promise.all(operations.map(called));
  gateway.kill('SIGTERM');

  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  for (const status of await Promise.all(answering)) expect([503, 504]).toContain(status);
  expect(gateway.output()).not.toMatch(/"level":"(?:error|fatal)"/);
});

test('an addContacts ended by the grace period stays charged after a restart, and its key is not free', async () => {
  const first = await start({ SHUTDOWN_GRACE_MS: '100', GEWE_TIMEOUT_MS: '600000' });
  simulator.behave('wx_a', { hang: true });
  const add = (url: string, v3: string) =>
    post(url, 'addContacts', addBody('wx_a', v3)).set('Idempotency-Key', v3);
  const answering = inBackground(add(first.url, 'v3_ann'));
  await called('addContacts');
  first.gateway.kill('SIGTERM');
  await first.gateway.ended;
  await answering;

  simulator.behave('wx_a', []);
  const { url } = await start();
  const again = await add(url, 'v3_ann').expect(504);
  expect(again.body.detail).toContain('may have been carried out');
  const next = await add(url, 'v3_bob').expect(429);
  expect(next.body.code).toBe('add-too-soon');
});

test('a list that arrives during the stop is saved, although its caller has left', async () => {
  const first = await start({
    GEWE_BASE_URL: held.baseUrl,
    SHUTDOWN_GRACE_MS: '600000',
    LIST_DEADLINE_MS: '50',
    LIST_CACHE_DEADLINE_MS: '50',
  });
  const asking = inBackground(post(first.url, 'fetchContactsList'));
  const call = await held.next(LIST);
  expect(await asking).toBe(504);
  first.gateway.kill('SIGTERM');
  await first.gateway.printed(/"stopping"/);
  call.answer(listBytes('late'));
  expect(await first.gateway.ended).toEqual({ code: 0, signal: null });

  const { url } = await start();
  const saved = post(url, 'fetchContactsList').set('Cache-Control', 'only-if-cached');
  const answer = await saved.expect(200);
  expect(answer.text).toBe(listBytes('late'));
});

test('a caller that keeps asking the ops listener does not delay the end', async () => {
  const { gateway, opsUrl } = await start({ SHUTDOWN_GRACE_MS: '500' });
  let isOver = false;
  const asking = Array.from({ length: 8 }, async () => {
    // Each on its own connection, until none is accepted.
    while (!isOver)
      await supertest(opsUrl)
        .get('/healthz')
        .then(undefined, () => undefined);
  });
  gateway.kill('SIGTERM');
  const stoppingAt = performance.now();
  expect((await gateway.ended).code).toBe(0);
  expect(performance.now() - stoppingAt).toBeLessThan(30_000);
  isOver = true;
  await Promise.all(asking);
});
