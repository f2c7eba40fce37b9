import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../src/time.ts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { KEY, startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.stop());

const ops = () => supertest(gateway.opsUrl);
const forget = (appId: string) =>
  ops().delete(`/admin/lists/${appId}`).set('Origin', gateway.opsUrl);

/** Replaces the usual gateway by one with other settings. */
async function restart(options: Parameters<typeof startGateway>[0]): Promise<void> {
  await gateway.stop();
  gateway = await startGateway(options);
}

describe.each(['gateway', 'ops'] as const)('on the %s listener', (name) => {
  const listener = () => supertest(name === 'ops' ? gateway.opsUrl : gateway.url);

  test('/healthz is 200 without a token', async () => {
    const answer = await listener().get('/healthz').expect(200);
    expect(answer.body).toEqual({ status: 'ok' });
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  test('/readyz is 200 if everything is ready', async () => {
    const answer = await listener().get('/readyz').expect(200);
    expect(answer.body).toEqual({ status: 'ready', notReady: [], breaker: 'closed' });
  });

  test('/readyz is 503 and names the token while the upstream rejects it, then 200 again', async () => {
    gateway.simulator.setToken('tok-another-one-55');
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(502);
    const answer = await listener().get('/readyz').expect(503);
    expect(answer.body).toEqual({ status: 'not-ready', notReady: ['token'], breaker: 'closed' });

    gateway.simulator.setToken(TOKEN);
    await gateway.post('search', { appId: 'wx_a', contactsInfo: 'x' }).expect(200);
    await listener().get('/readyz').expect(200);
  });
});

describe('a file that is changed to something unusable', () => {
  const state = async () => {
    const [ready, metrics] = [await ops().get('/readyz'), await ops().get('/metrics')];
    return {
      status: ready.status,
      warnings: ready.body.warnings,
      reloadOk: [
        ...metrics.text.matchAll(/^gewe_gateway_config_reload_ok\{file="(.*)"\} (.)$/gm),
      ].map(([, file, ok]) => `${file} ${ok}`),
    };
  };
  const becomes = async (expected: object) => {
    await eventually(async () => isDeepStrictEqual(await state(), expected));
    expect(await state()).toEqual(expected);
  };

  test('is a warning and a metric until it is good again; the gateway stays ready', async () => {
    const folder = await temporaryFolder();
    const [token, clients] = [join(folder.path, 'token'), join(folder.path, 'clients.yaml')];
    const good = 'clients: { crm: { keys: ["sha256:' + 'a'.repeat(64) + '"] } }';
    await writeFile(token, TOKEN);
    await writeFile(clients, good);
    await restart({
      env: { GEWE_TOKEN: undefined, GEWE_TOKEN_FILE: token, GATEWAY_CLIENTS: clients },
    });
    const fine = { status: 200, warnings: undefined, reloadOk: ['clients 1', 'token 1'] };
    await becomes(fine);

    await writeFile(clients, 'clients: [');
    const broken = ['clients-file-not-taken-over'];
    await becomes({ status: 200, warnings: broken, reloadOk: ['clients 0', 'token 1'] });
    await writeFile(token, '');
    const both = [...broken, 'token-file-not-taken-over'];
    await becomes({ status: 200, warnings: both, reloadOk: ['clients 0', 'token 0'] });

    await writeFile(token, TOKEN);
    await writeFile(clients, good);
    await becomes(fine);

    await rm(clients);
    await becomes({ status: 200, warnings: broken, reloadOk: ['clients 0', 'token 1'] });
    await folder.remove();
  });

  test('has no metric if there is no file', async () => {
    await becomes({ status: 200, warnings: undefined, reloadOk: [] });
  });
});

test.each(['/metrics', '/admin/accounts', '/admin/accounts/wx_a', '/admin/lists/wx_a'])(
  '%s is 404 on the client listener',
  async (path) => {
    await supertest(gateway.url).get(path).set('Authorization', `Bearer ${KEY}`).expect(404);
  },
);

describe('a request that the ops listener does not serve', () => {
  test.each(['/nothing', '/admin', '/admin/nothing', '/contacts/search', '/METRICS'])(
    'for %s is 404',
    async (path) => {
      const answer = await ops().get(path).expect(404);
      expect(answer.body.code).toBe('not-found');
    },
  );

  test.each([
    ['post', '/healthz', 'GET, HEAD'],
    ['delete', '/readyz', 'GET, HEAD'],
    ['post', '/metrics', 'GET, HEAD'],
    ['put', '/admin/accounts', 'GET, HEAD'],
    ['post', '/admin/accounts/wx_a', 'GET, HEAD, PUT, DELETE'],
    ['put', '/admin/lists/wx_a', 'GET, HEAD, DELETE'],
  ] as const)('%s %s is 405 with the allowed methods', async (method, path, allow) => {
    const answer = await ops()[method](path).set('Origin', gateway.opsUrl).expect(405);
    expect(answer.headers['allow']).toBe(allow);
    expect(answer.body.code).toBe('method-not-allowed');
  });

  test.each(['a%20b', '%2e%2e%2fx', 'a%00', 'x'.repeat(129), '%E4%B8%AD'])(
    'for /admin/accounts/%s is refused with invalid-app-id',
    async (appId) => {
      for (const path of ['accounts', 'lists']) {
        const answer = await ops().get(`/admin/${path}/${appId}`).expect(400);
        expect(answer.body.code).toBe('invalid-app-id');
      }
    },
  );

  test('with a path that cannot be decoded is refused with 400', async () => {
    const answer = await ops().get('/admin/accounts/%zz').expect(400);
    expect(answer.body.code).toBe('invalid-app-id');
  });
});

describe('OPS_TOKEN', () => {
  const OPS_TOKEN = 'ops-token-of-this-test';
  const PATHS = ['/healthz', '/readyz', '/metrics', '/admin/accounts', '/nothing'];
  beforeEach(() => restart({ env: { OPS_TOKEN } }));

  test.each(PATHS)('is required for %s: 401 without it or with a wrong one', async (path) => {
    for (const shown of ['', 'Bearer', 'Bearer wrong', `Bearer ${OPS_TOKEN}x`, `Bearer ${KEY}`]) {
      const answer = await ops().get(path).set('Authorization', shown).expect(401);
      expect(answer.body.code).toBe('unauthenticated');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
  });

  test('gives access to every path as a Bearer token, and to nothing on the client listener', async () => {
    const shown = ['Authorization', `Bearer ${OPS_TOKEN}`] as const;
    for (const path of PATHS.slice(0, -1)) {
      await ops()
        .get(path)
        .set(...shown)
        .expect(200);
    }
    await supertest(gateway.url)
      .post('/contacts/search')
      .set(...shown)
      .send({ appId: 'wx_a' })
      .expect(401);
    await supertest(gateway.url).get('/healthz').expect(200);
  });
});

describe('/admin/lists', () => {
  test('returns the age, size and source of a saved list without its content, and deletes it', async () => {
    await ops().get('/admin/lists/wx_a').expect(404);
    const list = await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);
    const answer = await ops().get('/admin/lists/wx_a').expect(200);
    expect(answer.body).toEqual({
      appId: 'wx_a',
      savedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      ageSeconds: expect.any(Number),
      bytes: Buffer.byteLength(list.text),
      source: 'live',
    });

    const forgotten = await forget('wx_a').expect(204);
    expect(forgotten.headers['content-length']).toBeUndefined();
    await ops().get('/admin/lists/wx_a').expect(404);
    await forget('wx_a').expect(404);
    await gateway
      .post('fetchContactsList', { appId: 'wx_a' }, { 'Cache-Control': 'only-if-cached' })
      .expect(504);
  });

  test('answers store-unavailable if the store fails, and logs the reason', async () => {
    const stores = openMemoryStores(systemClock, 1_000_000);
    const load = () => Promise.reject(new Error('disk I/O error'));
    await restart({ overrides: { stores: { ...stores, lists: { ...stores.lists, load } } } });

    const answer = await ops().get('/admin/lists/wx_a').expect(503);
    expect(answer.body.code).toBe('store-unavailable');
    expect(JSON.stringify(gateway.log)).toContain('disk I/O error');
  });
});

test('an error inside the ops listener is logged with the requestId of the response', async () => {
  gateway.gateway.metrics.text = () => Promise.reject(new Error('the registry broke'));
  const answer = await ops().get('/metrics').expect(500);

  expect(answer.text).not.toContain('registry');
  const line = gateway.log.find(({ requestId }) => requestId === answer.body.requestId);
  expect(line).toMatchObject({ level: 'error', err: { message: 'the registry broke' } });
});
