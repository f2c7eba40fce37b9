/** Callers whom nobody has let in: nothing that they send is written to the store. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import type { Stores } from '../../src/stores/stores.ts';
import { systemClock } from '../../src/time.ts';
import { httpCall } from '../support/http-client.ts';
import {
  forgeToken,
  makeKey,
  signToken,
  startIdentityProvider,
  type IdentityProvider,
} from '../support/identity-provider.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

/** Looks like a session token, but is a key. */
const KEY = 'gws_key-of-web';
const PROVIDER_KEY = makeKey('ES256', 'first');
const STRANGER = makeKey('ES256', 'second');
const READS: ReadonlySet<string> = new Set(['load', 'find', 'list', 'usage', 'endedUntil']);

let provider: IdentityProvider;
let gateway: TestGateway;
const asked: string[] = [];

/** The store, and a note of everything but reads that is asked of it. */
function noted(stores: Stores): Stores {
  const watch = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, member) {
        const value: unknown = Reflect.get(target, member);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const isRead =
            READS.has(String(member)) || (member === 'signingKeys' && args.length === 0);
          if (!isRead) asked.push(`${name}.${String(member)}`);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  const { lists, ledger, accounts, idempotency, sessions, issuerKeys } = stores;
  return {
    ...stores,
    lists: watch('lists', lists),
    ledger: watch('ledger', ledger),
    accounts: watch('accounts', accounts),
    idempotency: watch('idempotency', idempotency),
    sessions: watch('sessions', sessions),
    issuerKeys: watch('issuerKeys', issuerKeys),
  };
}

const clients = () =>
  JSON.stringify({
    clients: {
      web: {
        keys: [`sha256:${hashKey(KEY)}`],
        operations: ['all'],
        sessions: { maxSeconds: 600 },
      },
    },
    issuers: { staff: { issuer: provider.url, audience: 'gewe-gateway', client: 'web' } },
  });

beforeAll(async () => {
  provider = await startIdentityProvider([PROVIDER_KEY]);
  const stores = noted(openMemoryStores(systemClock, 1_000_000));
  gateway = await startGateway({ clients: clients(), overrides: { stores } });
  await provider.waitForFetches(1);
});
afterAll(async () => {
  await gateway.stop();
  await provider.stop();
});

const call = (method: string, path: string, key: string) =>
  httpCall(gateway.url, {
    method,
    path,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': '27',
      'Idempotency-Key': 'one',
      Authorization: `Bearer ${key}`,
    },
    body: '{"appId":"wx_1","option":4}',
  });

test('a known key is a key, whatever it looks like', async () => {
  expect((await call('POST', '/contacts/search', KEY)).status).toBe(200);
});

test('a call with a key or token that is not accepted writes nothing to the store', async () => {
  const session = (await httpCall(gateway.url, {
    path: '/sessions',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` },
    body: '{"subject":"alice"}',
  }).then((answer) => answer.json()['token'])) as string;
  const [head = '', payload = ''] = session.slice(4).split('.');
  const hmac = createHmac('sha256', 'guess').update(`${head}.${payload}`).digest('base64url');
  const claims = { iss: provider.url, aud: 'gewe-gateway', sub: 'alice', exp: 9_999_999_999 };
  const bad = [
    'a-wrong-key',
    'gws_',
    `gws_${head}.${payload}.${hmac}`,
    session.slice(4),
    `gws_${signToken(PROVIDER_KEY, claims)}`,
    signToken(PROVIDER_KEY, { ...claims, exp: 1 }),
    signToken(PROVIDER_KEY, { ...claims, aud: 'other' }),
    signToken(STRANGER, claims),
    signToken(STRANGER, claims, { kid: 'first' }),
    forgeToken(claims, { alg: 'none' }),
    forgeToken(claims, { alg: 'HS256', kid: 'first' }, JSON.stringify(PROVIDER_KEY.jwk)),
  ];
  expect(asked).toContain('sessions.signingKeys');
  asked.length = 0;
  for (const key of bad) {
    for (const [method, path] of [
      ['POST', '/contacts/addContacts'],
      ['POST', '/contacts/fetchContactsList'],
      ['POST', '/sessions'],
      ['DELETE', '/sessions'],
      ['GET', '/accounts/wx_1'],
    ] as const) {
      const answer = await call(method, path, key);
      expect([path, answer.status, answer.json()['code']]).toEqual([path, 401, 'unauthenticated']);
      expect(answer.headers['www-authenticate']).toMatch(
        /^Bearer realm="gewe-gateway", error="invalid_token", error_description="[a-z-]+"$/,
      );
    }
  }
  expect(asked).toEqual([]);
});
