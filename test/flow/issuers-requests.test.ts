/** Requests with a token of an identity provider, from a page to the upstream. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { httpCall, type HttpAnswer } from '../support/http-client.ts';
import {
  forgeToken,
  makeKey,
  signToken,
  startIdentityProvider,
  type IdentityProvider,
} from '../support/identity-provider.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const PROVIDER_KEY = makeKey('ES256', 'first');
const PAGE = 'https://crm.example.com';
const SIBLING_KEY = 'key-of-sibling';
const now = () => Math.floor(Date.now() / 1000);

let provider: IdentityProvider;
let gateway: TestGateway;
beforeAll(async () => {
  provider = await startIdentityProvider([PROVIDER_KEY]);
  gateway = await startGateway({
    clients: JSON.stringify({
      clients: {
        web: {
          appIds: ['wx_sales_*'],
          operations: ['read', 'addContacts'],
          origins: [PAGE],
        },
        rated: {
          keys: [`sha256:${hashKey('key-of-rated')}`],
          sessions: { maxSeconds: 60, requestsPerMinute: 1 },
          requestsPerMinute: 3,
        },
        sibling: { keys: [`sha256:${hashKey(SIBLING_KEY)}`] },
      },
      issuers: {
        rated: { issuer: provider.url, audience: 'rated', client: 'rated' },
        staff: {
          issuer: provider.url,
          audience: 'gewe-gateway',
          client: 'web',
          appIdsClaim: 'gewe_app_ids',
          operationsClaim: 'gewe_operations',
          require: { groups: ['sales'] },
        },
      },
    }),
  });
  await provider.waitForFetches(1);
});
afterEach(() => gateway.simulator.reset());
afterAll(async () => {
  await gateway.stop();
  await provider.stop();
});

const CLAIMS = {
  aud: 'gewe-gateway',
  sub: 'alice',
  groups: ['sales'],
  gewe_app_ids: ['wx_sales_1'],
  gewe_operations: 'read',
};
const tokenOf = (changes: object = {}) =>
  signToken(PROVIDER_KEY, { iss: provider.url, exp: now() + 600, ...CLAIMS, ...changes });

const ask = (token: string, operation = 'search', appId = 'wx_sales_1', headers = {}) =>
  httpCall(gateway.url, {
    path: `/contacts/${operation}`,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ appId, option: 4 }),
  });
const seen = (answer: HttpAnswer) => [
  answer.status,
  answer.json()['code'] ?? 'passed',
  ...(answer.json()['reason'] === undefined ? [] : [answer.json()['reason']]),
];

test('a token of an issuer has the rights of its client, narrowed by its claims', async () => {
  const token = tokenOf();
  expect(seen(await ask(token))).toEqual([200, 'passed']);
  expect(seen(await ask(token, 'search', 'wx_sales_2'))).toEqual([403, 'app-not-allowed']);
  expect(seen(await ask(token, 'addContacts'))).toEqual([403, 'operation-not-allowed']);
  // The claims cannot widen what the client may do.
  const wide = tokenOf({ gewe_app_ids: ['*'], gewe_operations: 'all' });
  expect(seen(await ask(wide, 'search', 'wx_other'))).toEqual([403, 'app-not-allowed']);
  expect(seen(await ask(wide, 'deleteFriend'))).toEqual([403, 'operation-not-allowed']);
});

test('a token of an issuer reads an account, from a page of its client', async () => {
  const answer = await httpCall(gateway.url, {
    method: 'GET',
    path: '/accounts/wx_sales_1',
    headers: { Authorization: `Bearer ${tokenOf()}`, Origin: PAGE },
  });
  expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, PAGE]);
  expect(
    seen(await ask(tokenOf(), 'search', 'wx_sales_1', { Origin: 'https://evil.example' })),
  ).toEqual([403, 'origin-not-allowed']);
});

test.each<[string, () => string, (string | number)[]]>([
  ['expired', () => tokenOf({ exp: now() - 60 }), [401, 'unauthenticated', 'expired']],
  ['not yet valid', () => tokenOf({ nbf: now() + 600 }), [401, 'unauthenticated', 'not-yet-valid']],
  ['for another audience', () => tokenOf({ aud: 'other' }), [401, 'unauthenticated', 'audience']],
  [
    'of another issuer',
    () => tokenOf({ iss: 'https://evil.example' }),
    [401, 'unauthenticated', 'unknown-issuer'],
  ],
  [
    'without a signature',
    () => forgeToken({ iss: provider.url, exp: now() + 600, ...CLAIMS }, { alg: 'none' }),
    [401, 'unauthenticated', 'algorithm'],
  ],
  [
    'without a claim that is required',
    () => tokenOf({ groups: ['guests'] }),
    [403, 'operation-not-allowed'],
  ],
  [
    'without a claim that narrows',
    () => tokenOf({ gewe_app_ids: undefined }),
    [403, 'operation-not-allowed'],
  ],
])('a token that is %s is refused', async (_what, token, expected) => {
  expect(seen(await ask(token()))).toEqual(expected);
});

test('each subject has the rate of sessions inside that of its client', async () => {
  const statusOf = async (sub: string) => (await ask(tokenOf({ aud: 'rated', sub }))).status;
  expect(await statusOf('ann')).toBe(200);
  expect(await statusOf('ann')).toBe(429);
  expect(await statusOf('ben')).toBe(200);
  // The fourth request of the client, and the first one of its subject.
  expect(await statusOf('cleo')).toBe(429);
});

test('a token of an issuer cannot make sessions', async () => {
  const answer = await httpCall(gateway.url, {
    path: '/sessions',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokenOf()}` },
    body: '{}',
  });
  expect(seen(answer)).toEqual([403, 'operation-not-allowed']);
});

test('the subject of a token is logged, and the token is not', async () => {
  const token = tokenOf({ sub: 'bob' });
  await ask(token);
  const { log } = gateway;
  expect(log.findLast(({ subject }) => subject === 'bob')).toMatchObject({ client: 'web' });
  expect(JSON.stringify(log)).not.toContain(token);
});

test('without keys of the provider, a token is 503 issuer-unavailable with Retry-After, and no reason to sign in again', async () => {
  const iss = 'http://127.0.0.1:1';
  const own = await startGateway({
    clients: JSON.stringify({
      clients: { web: {} },
      issuers: { staff: { issuer: iss, audience: 'gewe-gateway', client: 'web' } },
    }),
  });
  try {
    const answer = await httpCall(own.url, {
      path: '/contacts/search',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${tokenOf({ iss })}`,
      },
      body: '{"appId":"wx_1"}',
    });
    expect(seen(answer)).toEqual([503, 'issuer-unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(30);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  } finally {
    await own.stop();
  }
});

test('callers with keys do not depend on the provider', async () => {
  await provider.stop();
  expect(seen(await ask(SIBLING_KEY, 'search', 'wx_1'))).toEqual([200, 'passed']);
  await provider.start();
});
