import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { httpCall, type HttpAnswer } from '../support/http-client.ts';
import { createLogTap, type LogTap } from '../support/log-tap.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

const CRM = 'https://crm.example.com';
const SHOP = 'https://shop.example.com';
const keyOf = (name: string) => `key-of-${name}`;
const hashes = (...names: string[]) =>
  `keys: [${names.map((name) => `"sha256:${hashKey(keyOf(name))}"`).join(', ')}]`;

const CLIENTS = `
clients:
  reader: { ${hashes('reader')} }
  writer: { ${hashes('writer')}, operations: [write] }
  everything: { ${hashes('everything', 'everything-next')}, operations: [all] }
  named: { ${hashes('named')}, operations: [search, addContacts] }
  mixed: { ${hashes('mixed')}, operations: [read, deleteFriend] }
  sales: { ${hashes('sales')}, operations: [all], appIds: ["wx_sales_*", "wx_one"] }
  slow: { ${hashes('slow')}, operations: [all], requestsPerMinute: 2 }
  slow3: { ${hashes('slow3')}, operations: [all], requestsPerMinute: 2 }
  slow2: { ${hashes('slow2')}, operations: [all], requestsPerMinute: 2 }
  plain: { ${hashes('plain')}, errors: http }
  gewe: { ${hashes('gewe')}, errors: gewe }
  crm: { ${hashes('crm')}, origins: ["${CRM}"] }
  shop: { ${hashes('shop')}, origins: ["${SHOP}"], requestsPerMinute: 1 }
`;

const ask = (
  { url }: Pick<TestGateway, 'url'>,
  headers: Record<string, string>,
  operation = 'search',
  appId = 'wx_1',
): Promise<HttpAnswer> =>
  httpCall(url, {
    path: `/contacts/${operation}`,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ appId, option: 4 }),
  });
const as = (name: string) => ({ 'X-API-Key': keyOf(name) });
const seen = (answer: HttpAnswer) => [answer.status, answer.json()['code'] ?? 'passed'];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ clients: CLIENTS });
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway.stop());

describe('the key of a client', () => {
  test.each([
    ['Authorization', `Bearer ${keyOf('reader')}`],
    ['Authorization', `bearer   ${keyOf('reader')}`],
    ['authorization', `BEARER ${KEY}`],
    ['X-API-Key', keyOf('reader')],
    ['x-api-key', KEY],
    ['X-GEWE-TOKEN', keyOf('reader')],
    ['X-API-Key', keyOf('everything-next')],
  ])('is accepted in %s: %s', async (name, value) => {
    expect(seen(await ask(gateway, { [name]: value }))).toEqual([200, 'passed']);
  });

  const good = keyOf('reader');
  test.each([
    ['a good Bearer before two wrong ones', ['Bearer good', 'no', 'no'], 'passed'],
    ['a wrong Bearer before two good ones', ['Bearer no', good, good], 'unauthenticated'],
    ['a good X-API-Key before a wrong one', [undefined, good, 'no'], 'passed'],
    ['a wrong X-API-Key before a good one', [undefined, 'no', good], 'unauthenticated'],
    ['Basic, which shows no key, before a good one', ['Basic eDp5', good, 'no'], 'passed'],
    ['an empty Bearer before a good one', ['Bearer ', good, undefined], 'passed'],
    ['an empty X-API-Key before a good one', [undefined, '', good], 'passed'],
  ])(
    'in the first header that has one decides: %s',
    async (_what, [bearer, apiKey, geweToken], outcome) => {
      const answer = await ask(gateway, {
        ...(bearer === undefined ? {} : { Authorization: bearer.replace('good', good) }),
        ...(apiKey === undefined ? {} : { 'X-API-Key': apiKey }),
        ...(geweToken === undefined ? {} : { 'X-GEWE-TOKEN': geweToken }),
      });

      expect(answer.json()['code'] ?? 'passed').toBe(outcome);
    },
  );

  test.each([
    {},
    { 'X-API-Key': 'no' },
    { 'X-API-Key': hashKey(keyOf('reader')) },
    { 'X-API-Key': `sha256:${hashKey(keyOf('reader'))}` },
    { 'X-API-Key': 'reader' },
    { 'X-API-Key': `${keyOf('reader')}, ${keyOf('reader')}` },
    { Authorization: keyOf('reader') },
    { Authorization: `Token ${keyOf('reader')}` },
    { 'X-GEWE-KEY': keyOf('reader') },
    { Cookie: `key=${keyOf('reader')}` },
  ])('is not read from %j: 401, and nothing is forwarded', async (headers) => {
    const answer = await ask(gateway, headers);

    expect(seen(answer)).toEqual([401, 'unauthenticated']);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(gateway.simulator.calls).toEqual([]);
  });
});

describe('operations in the clients file', () => {
  const READS = [
    'fetchContactsList',
    'fetchContactsListCache',
    'getBriefInfo',
    'getDetailInfo',
    'search',
    'getPhoneAddressList',
    'checkRelation',
  ];
  const OTHERS = [
    'addContacts',
    'deleteFriend',
    'setFriendPermissions',
    'setFriendRemark',
    'uploadPhoneAddressList',
    'tomorrow',
    'read',
    'write',
    'all',
  ];
  const clients: Record<string, (operation: string) => boolean> = {
    reader: (operation) => READS.includes(operation),
    writer: (operation) => OTHERS.includes(operation),
    everything: () => true,
    named: (operation) => ['search', 'addContacts'].includes(operation),
    mixed: (operation) => READS.includes(operation) || operation === 'deleteFriend',
  };

  test.each(Object.keys(clients).map((name) => [name]))(
    'allow %s exactly the operations of its entry',
    async (name) => {
      for (const operation of [...READS, ...OTHERS]) {
        const expected = clients[name]?.(operation)
          ? [200, 'passed']
          : [403, 'operation-not-allowed'];

        expect([operation, ...seen(await ask(gateway, as(name), operation))]).toEqual([
          operation,
          ...expected,
        ]);
      }
    },
  );

  test.each([
    ['reader', 'fetchContactList', 'fetchContactsList'],
    ['named', 'addContact', 'addContacts'],
    ['mixed', 'fechtcontactslist', 'fetchContactsList'],
  ])('do not allow %s to call %s, and the refusal suggests %s', async (name, typo, known) => {
    const answer = await ask(gateway, as(name), typo);

    expect(seen(answer)).toEqual([403, 'operation-not-allowed']);
    expect(answer.json()['detail']).toBe(
      `The gateway does not know an operation ${typo}. Did you mean ${known}?`,
    );
    expect(gateway.simulator.calls).toEqual([]);
  });

  test.each(['addContacts', 'tomorrow'])(
    'are named in the refusal of %s as the place to allow it',
    async (name) => {
      expect((await ask(gateway, as('reader'), name)).json()['detail']).toBe(
        `This client may not call ${name}. Its operations are set in the clients file.`,
      );
    },
  );

  test('allow a client with all operations to call a misspelled one', async () => {
    expect(seen(await ask(gateway, as('everything'), 'fetchContactList'))).toEqual([200, 'passed']);
    expect(gateway.simulator.calls.map(({ path }) => path)).toEqual([
      '/v2/api/contacts/fetchContactList',
    ]);
  });
});

test.each([
  ['wx_sales_1', true],
  ['wx_sales_', true],
  ['wx_sales_a_b', true],
  ['wx_one', true],
  ['wx_one2', false],
  ['xwx_sales_1', false],
  ['WX_SALES_1', false],
  ['wx_sales', false],
])('a client with patterns of appIds may use %s: %s', async (appId, may) => {
  const answer = await ask(gateway, as('sales'), 'search', appId);

  expect(seen(answer)).toEqual(may ? [200, 'passed'] : [403, 'app-not-allowed']);
  expect(gateway.simulator.calls).toHaveLength(may ? 1 : 0);
});

test('a client beyond its requestsPerMinute gets 429 with Retry-After, and other clients are served', async () => {
  const answers = [
    await ask(gateway, as('slow')),
    await ask(gateway, as('slow')),
    await ask(gateway, as('slow')),
  ];

  expect(answers.map(seen)).toEqual([
    [200, 'passed'],
    [200, 'passed'],
    [429, 'client-rate-limited'],
  ]);
  const wait = Number(answers[2]?.headers['retry-after']);
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(60);
  const retryAt = Date.parse(String(answers[2]?.json()['retryAt']));
  expect(Math.abs(retryAt - Date.now())).toBeLessThanOrEqual(60_000);
  expect(gateway.simulator.calls).toHaveLength(2);
  expect(seen(await ask(gateway, as('slow2')))).toEqual([200, 'passed']);
});

test('a client is not shut out for longer than a minute after the system clock was set back', async () => {
  const before = Date.now;
  for (let call = 1; call <= 3; call += 1) await ask(gateway, as('slow3'));
  try {
    // The library that counts takes the time from here.
    Date.now = () => before() - 3_600_000;
    expect(seen(await ask(gateway, as('slow3')))).toEqual([200, 'passed']);
    await ask(gateway, as('slow3'));
    const limited = await ask(gateway, as('slow3'));
    expect(limited.status).toBe(429);
    expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60);
  } finally {
    Date.now = before;
  }
});

describe('a refusal', () => {
  const faces = [
    // The place of the key, the client, the operation, and the expected status and content type.
    ['X-API-Key', 'reader', 'addContacts', 403, 'application/problem+json'],
    ['X-GEWE-TOKEN', 'reader', 'addContacts', 200, 'application/json'],
    ['X-GEWE-TOKEN', 'nobody', 'search', 200, 'application/json'],
    ['X-API-Key', 'nobody', 'search', 401, 'application/problem+json'],
    ['X-GEWE-TOKEN', 'nobody', 'fetchContactsList', 401, 'application/json'],
    ['X-GEWE-TOKEN', 'nobody', 'fetchContactsListCache', 401, 'application/json'],
    ['X-GEWE-TOKEN', 'plain', 'addContacts', 403, 'application/problem+json'],
    ['X-API-Key', 'gewe', 'addContacts', 200, 'application/json'],
    ['X-GEWE-TOKEN', 'plain', 'no/such', 404, 'application/problem+json'],
    ['X-API-Key', 'gewe', 'no/such', 200, 'application/json'],
    ['X-GEWE-TOKEN', 'reader', 'no/such', 200, 'application/json'],
    ['X-GEWE-TOKEN', 'writer', 'fetchContactsList', 403, 'application/json'],
    ['X-GEWE-TOKEN', 'writer', 'fetchContactsListCache', 403, 'application/json'],
  ] as const;

  test.each(faces)(
    'to a key in %s of %s, for %s, has the status %d and the type %s',
    async (place, name, operation, status, type) => {
      const answer = await ask(gateway, { [place]: keyOf(name) }, operation);

      expect([answer.status, answer.headers['content-type']]).toEqual([status, type]);
      const { ret, msg, status: inBody } = answer.json();
      expect(ret).toBe(inBody);
      expect(ret).toBeGreaterThanOrEqual(400);
      expect(msg).toMatch(/\p{Script=Han}/u);
    },
  );

  test.each(['X-GEWE-TOKEN', 'X-API-Key'])(
    "for a failed upstream has its own status for a key in %s, whatever the client's format",
    async (place) => {
      gateway.simulator.behave('*', { html: true, status: 502 });

      for (const name of ['reader', 'plain', 'gewe']) {
        const answer = await ask(gateway, { [place]: keyOf(name) });
        expect(seen(answer)).toEqual([502, 'upstream-invalid']);
      }
    },
  );
});

describe('the clients file of a running gateway', () => {
  let watched: TestGateway;
  let tap: LogTap;
  const rewrite = async (text: string, waitFor: string) => {
    const from = tap.lines.length;
    await writeFile(join(watched.folder, 'clients.yaml'), text);
    await tap.waitFor(waitFor, from);
  };
  const TAKEN_OVER = 'the clients file was taken over';
  const BROKEN = 'the clients file is broken';

  beforeAll(async () => {
    tap = createLogTap();
    watched = await startGateway({
      clients: `clients: { old: { ${hashes('old')} } }`,
      overrides: { logTo: tap.logTo },
    });
  });
  afterAll(() => watched.stop());

  test('is reloaded: new keys are accepted, removed ones refused, and a broken file keeps the previous keys', async () => {
    expect(seen(await ask(watched, as('new')))).toEqual([401, 'unauthenticated']);

    await rewrite(`clients: { old: { ${hashes('old', 'new')} } }`, TAKEN_OVER);
    expect(seen(await ask(watched, as('new')))).toEqual([200, 'passed']);
    expect(seen(await ask(watched, as('old')))).toEqual([200, 'passed']);

    await rewrite(`clients: { old: { ${hashes('new')} } }`, TAKEN_OVER);
    expect(seen(await ask(watched, as('old')))).toEqual([401, 'unauthenticated']);

    for (const broken of [
      'clients: [',
      'clients: { old: { keys: ["plain-key-in-clear"] } }',
      `clients: { old: { ${hashes('old')}, colour: red } }`,
      `clients: { a: { ${hashes('x')} }, b: { ${hashes('x')} } }`,
    ]) {
      await rewrite(broken, BROKEN);
      expect(seen(await ask(watched, as('new')))).toEqual([200, 'passed']);
      expect(seen(await ask(watched, as('old')))).toEqual([401, 'unauthenticated']);
    }
    expect(tap.lines.join('')).not.toContain('plain-key-in-clear');

    await rewrite(`clients: { old: { ${hashes('old')} } }`, TAKEN_OVER);
    expect(seen(await ask(watched, as('old')))).toEqual([200, 'passed']);
    expect(seen(await ask(watched, { 'X-API-Key': KEY }))).toEqual([200, 'passed']);
  });
});

describe('GATEWAY_AUTH=none', () => {
  let open: TestGateway;
  beforeAll(async () => {
    open = await startGateway({ env: { GATEWAY_AUTH: 'none', GATEWAY_KEYS: undefined } });
  });
  afterAll(() => open.stop());

  test.each([{}, { 'X-API-Key': 'any' }, { 'X-GEWE-TOKEN': 'any' }, { Authorization: 'Bearer x' }])(
    'serves a caller with %j, for known and unknown operations',
    async (headers) => {
      for (const operation of ['search', 'addContacts', 'tomorrow']) {
        const answer = await ask(open, headers, operation, 'wx_any');
        expect(seen(answer)).toEqual([200, 'passed']);
      }
    },
  );

  test('refuses requests from web pages', async () => {
    const answer = await ask(open, { Origin: CRM });

    expect(seen(answer)).toEqual([403, 'origin-not-allowed']);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('a browser', () => {
  const preflight = (origin: string, path = '/contacts/search') =>
    httpCall(gateway.url, {
      method: 'OPTIONS',
      path,
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    });
  const corsHeaders = ({ headers }: HttpAnswer) =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'));

  test('at a listed origin gets the response to its preflight without a key', async () => {
    const { status, headers, body } = await preflight(CRM);

    expect([status, body.length]).toEqual([204, 0]);
    expect(headers['access-control-allow-origin']).toBe(CRM);
    expect(headers['access-control-allow-methods']).toBe('POST');
    const allowed = String(headers['access-control-allow-headers']).toLowerCase().split(/, */);
    expect(allowed).toEqual(
      expect.arrayContaining(['authorization', 'x-api-key', 'x-gewe-token', 'content-type']),
    );
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
    expect(headers.vary).toMatch(/\bOrigin\b/);
    expect(headers).toHaveProperty('x-request-id');
    expect(gateway.simulator.calls).toEqual([]);
  });

  test.each([
    'https://elsewhere.example.com',
    'null',
    `${CRM}.evil.example`,
    CRM.replace('https', 'http'),
    `${CRM}:8443`,
    CRM.toUpperCase(),
  ])('at %s, which is not listed, is refused without CORS headers', async (origin) => {
    const asked = await preflight(origin);
    const refused = await ask(gateway, { ...as('crm'), Origin: origin });

    expect(seen(asked)).toEqual([403, 'origin-not-allowed']);
    expect(seen(refused)).toEqual([403, 'origin-not-allowed']);
    for (const answer of [asked, refused]) {
      expect(corsHeaders(answer)).toEqual([]);
      expect(answer.headers.vary).toMatch(/\bOrigin\b/);
    }
    expect(gateway.simulator.calls).toEqual([]);
  });

  test('at its origin can read the response, including Cache-Status', async () => {
    const answer = await ask(gateway, { ...as('crm'), Origin: CRM }, 'fetchContactsList');

    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(CRM);
    // Browsers know no X-Gateway-*, so each of them is named.
    const exposed = String(answer.headers['access-control-expose-headers']).split(', ');
    expect(exposed).toEqual(
      expect.arrayContaining([
        ...['Age', 'Cache-Status', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
        ...['X-Request-Id', 'Preference-Applied', 'X-Gateway-Source'],
        ...['X-Gateway-Patched-At', 'X-Gateway-Attempt'],
      ]),
    );
    expect(answer.headers.vary).toMatch(/\bOrigin\b/);
  });

  test('at the origin of another client is refused', async () => {
    const answer = await ask(gateway, { ...as('crm'), Origin: SHOP });

    expect(seen(answer)).toEqual([403, 'origin-not-allowed']);
    expect(corsHeaders(answer)).toEqual([]);
  });

  test('at its origin can read refusals', async () => {
    const shop = { ...as('shop'), Origin: SHOP };
    const refusals = [
      await ask(gateway, { Origin: CRM }),
      await ask(gateway, { ...as('crm'), Origin: CRM }, 'addContacts'),
      await ask(gateway, { ...as('crm'), Origin: CRM }, 'search', ''),
      await ask(gateway, { ...as('crm'), Origin: CRM, 'Content-Type': 'text/plain' }),
      (await ask(gateway, shop), await ask(gateway, shop)),
    ];

    expect(refusals.map(seen)).toEqual([
      [401, 'unauthenticated'],
      [403, 'operation-not-allowed'],
      [400, 'invalid-app-id'],
      [415, 'unsupported-media-type'],
      [429, 'client-rate-limited'],
    ]);
    for (const { headers } of refusals) {
      expect([CRM, SHOP]).toContain(headers['access-control-allow-origin']);
    }
  });

  test('is required for CORS headers: a caller without an Origin gets none', async () => {
    const answer = await ask(gateway, as('crm'));

    expect(answer.status).toBe(200);
    expect(corsHeaders(answer)).toEqual([]);
    expect(answer.headers.vary).toMatch(/\bOrigin\b/);
  });
});
