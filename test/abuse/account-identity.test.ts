/** Two accounts never share a saved list or a quota, and one account never has two, whatever the spelling of the appId. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashKey } from '../../src/settings/clients.ts';
import { identityOf, OF_AN_ACCOUNT } from './json/account-identity.ts';
import { addBody, TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { spelled } from './json/json-spellings.ts';
import { saveList, listBytes } from '../support/lists.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const all = (same: boolean) => Object.fromEntries(OF_AN_ACCOUNT.map((what) => [what, same]));

const TWO = [
  ['"wx_a"', '"wx_A"'],
  ['"wx_a"', '"WX_A"'],
  ['"wx_a"', '"wx-a"'],
  ['"wx_a"', '"wx_a."'],
  ['"1"', '"01"'],
  ['"1e1"', '"10"'],
  ['"."', '".."'],
  ['"__proto__"', '"constructor"'],
  ['"toString"', '"tostring"'],
] as const;

const SAME = [
  ['"wx_a"', '"\\u0077x_a"'],
  ['"wx_a"', '"\\u0077\\u0078\\u005F\\u0061"'],
  ['"\\u005f\\u005Fproto__"', '"__proto__"'],
  ['"\\u002e."', '".."'],
] as const;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await temporaryFolder();
  gateway = await startGateway({ policy: TRUSTING_WITHOUT_GAPS });
});
afterAll(async () => {
  await gateway.stop();
  await folder.remove();
});

let files = 0;
const STORES = {
  memory: () => 'memory:',
  sqlite: () => `sqlite:${join(folder.path, `${files++}.db`)}`,
};

describe.each(['memory', 'sqlite'] as const)('with the store %s', (store) => {
  test.each(TWO)('%s and %s are two different accounts everywhere', async (...pair) => {
    expect(await identityOf(pair, STORES[store]())).toEqual(all(false));
  });

  test.each(SAME)('%s and %s are the same account everywhere', async (...pair) => {
    expect(await identityOf(pair, STORES[store]())).toEqual(all(true));
  });
});

/** An appId and a similar one. */
const alike = fc
  .tuple(
    fc.stringMatching(/^[A-Za-z0-9_.:@-]{1,8}$/),
    fc.constantFrom('a', 'A', '_', '.', '0'),
    fc.nat(),
  )
  .chain(([appId, inserted, where]) => {
    const at = where % appId.length;
    const other = fc.constantFrom(
      ...[appId, appId, appId.toUpperCase(), appId.toLowerCase(), `${appId}${inserted}`],
      ...[`${appId.slice(0, at)}${inserted}${appId.slice(at + 1)}`],
    );
    return fc.tuple(spelled(appId), other.chain(spelled));
  });

test(
  'any two spellings are the same account everywhere or different accounts everywhere',
  async () => {
    await fc.assert(
      fc.asyncProperty(alike, async (pair) => {
        const same = JSON.parse(pair[0]) === JSON.parse(pair[1]);
        expect(await identityOf(pair, 'memory:')).toEqual(all(same));
      }),
      { numRuns: budget(5, 300) },
    );
  },
  budget(600_000, 3_600_000),
);

const ask = (path: string, method = 'GET') =>
  httpCall(gateway.opsUrl, {
    method,
    path: `/admin/${path}`,
    headers: { Origin: gateway.opsUrl },
  });

test.each(['wx_a ', 'wx_a\0', 'wx_á', 'ｗx_a', 'wx_a\u200b', 'wx%5Fa', 'wx/a', 'wx_a\n', '*', ''])(
  'the invalid appId %j is refused everywhere',
  async (appId) => {
    for (const operation of ['search', 'fetchContactsList', 'addContacts']) {
      const answer = await gateway.post(operation, addBody(appId)).expect(400);
      expect(answer.body.code).toBe('invalid-app-id');
    }
    if (appId === '') return;
    for (const path of ['lists', 'accounts']) {
      const answer = await ask(`${path}/${encodeURIComponent(appId)}`);
      expect([answer.status, answer.json()['code']]).toEqual([400, 'invalid-app-id']);
    }
  },
);

describe('the appId in a path of the admin API', () => {
  beforeAll(() => saveList(gateway, 'wx_a', listBytes('wxid_ann')));

  test.each(['wx_a', '%77x_a', 'wx%5fa', '%77%78%5F%61', 'wx_a/', 'wx_a?appId=wx_b'])(
    'written %s means wx_a',
    async (path) => {
      expect((await ask(`lists/${path}`)).json()).toMatchObject({ appId: 'wx_a' });
      expect((await ask(`accounts/${path}`)).json()).toMatchObject({ appId: 'wx_a' });
    },
  );

  test.each([
    ['wx_A', 404],
    ['WX_A', 404],
    ['%57x_a', 404],
    ['..', 404],
    ['.', 404],
    ['__proto__', 404],
    ['constructor', 404],
    ['../lists/wx_a', 404],
    ['%2e%2e%2flists%2fwx_a', 400],
    ['%2577x_a', 400],
    ['wx_a%00', 400],
    ['wx_a%20', 400],
    ['wx_a+', 400],
    ['wx_a;v=1', 400],
    ['%c0%afwx_a', 400],
    ['%ef%bd%97x_a', 400],
    ['wx_a%', 400],
  ])(
    'written %s does not mean wx_a: %i, and no account or list is deleted',
    async (path, status) => {
      for (const method of ['GET', 'DELETE']) {
        expect((await ask(`lists/${path}`, method)).status).toBe(status);
        expect((await ask(`accounts/${path}`, method)).status).toBe(status);
      }
      expect((await ask('lists/wx_a')).status).toBe(200);
      expect((await ask('accounts/wx_a')).status).toBe(200);
    },
  );
});

test('a v3 names the same person in every JSON escape, and another person if its letters differ', async () => {
  const codes: unknown[] = [];
  for (const v3 of ['"v3_ann"', '"v3_a\\u006en"', '"\\u00763_\\u0061nn"', '"v3_Ann"', '"v3-ann"']) {
    const answer = await gateway.post('addContacts', `{"appId":"wx_v3","option":2,"v3":${v3}}`);
    codes.push(answer.body.code ?? answer.status);
  }
  const taken = 'target-quota-exhausted';
  expect(codes).toEqual([200, 200, taken, 200, 200]);
});

test('clients and operations may be named like properties of every JavaScript object', async () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
  const entries = names.map(
    (name) =>
      `${name}: { keys: ["sha256:${hashKey(`gwk_${name}`)}"], operations: [write], requestsPerMinute: 2 }`,
  );
  const named = await startGateway({ clients: `clients: { ${entries.join(', ')} }` });
  const call = (name: string, operation: string) =>
    httpCall(named.url, {
      path: `/contacts/${operation}`,
      headers: { ...GOOD_HEADERS, Authorization: `Bearer gwk_${name}` },
      body: '{"appId":"constructor","constructor":{"prototype":{}},"__proto__":{"option":2}}',
    });
  for (const name of names) {
    expect((await call(name, name)).status).toBe(200);
    expect((await call(name, 'search')).json()).toMatchObject({ code: 'operation-not-allowed' });
    expect((await call(name, name)).json()).toMatchObject({ code: 'client-rate-limited' });
  }
  expect(named.simulator.calls.map(({ operation }) => operation)).toEqual(
    names.map((name) => `contacts/${name}`),
  );
  await named.stop();
});
