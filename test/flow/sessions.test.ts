import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hashKey } from '../../src/settings/clients.ts';
import { openMemoryStores } from '../../src/stores/memory.ts';
import { systemClock } from '../../src/time.ts';
import { askAccount } from '../support/accounts.ts';
import { eventually } from '../support/eventually.ts';
import { httpCall, type HttpAnswer } from '../support/http-client.ts';
import { movableClock } from '../support/movable-clock.ts';
import { openRaw } from '../support/raw-client.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CRM_ORIGIN = 'https://crm.example.com';
const keyOf = (name: string) => `key-of-${name}`;
const hashes = (...names: string[]) =>
  `keys: [${names.map((name) => `"sha256:${hashKey(keyOf(name))}"`).join(', ')}]`;

const crm = (keys = hashes('crm', 'crm-next'), operations = '[read, addContacts]') =>
  `  crm: { ${keys}, appIds: ["wx_*"], operations: ${operations}, origins: ["${CRM_ORIGIN}"], sessions: { maxSeconds: 3600, requestsPerMinute: 5 } }`;
const OTHERS = `
  all: { ${hashes('all')}, operations: [all], sessions: { maxSeconds: 60 } }
  none: { ${hashes('none')}, operations: [all] }
  both: { ${hashes('both')}, operations: [read, write], sessions: { maxSeconds: 60 } }
  bare: { ${hashes('bare')}, errors: http, sessions: { maxSeconds: 60 } }
`;
const CLIENTS = `clients:\n${crm()}\n${OTHERS}`;

interface Session {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly appIds: readonly string[];
  readonly operations: readonly string[];
}

let gateway: TestGateway;
const clock = movableClock();
beforeAll(async () => {
  gateway = await startGateway({ clients: CLIENTS, overrides: { clock } });
});
// A window of the rate limit is a minute of the machine's own time, so every test has its own subject.
let subject: string;
let tests = 0;
beforeEach(() => {
  subject = `subject ${(tests += 1)}`;
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway.stop());

const sessionsCall = (
  method: string,
  body: unknown,
  name = 'crm',
  headers: Record<string, string> = {},
) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return httpCall(gateway.url, {
    method,
    path: '/sessions',
    headers: {
      'Content-Type': 'application/json',
      // Node's client sends none with DELETE.
      'Content-Length': Buffer.byteLength(text),
      Authorization: `Bearer ${keyOf(name)}`,
      ...headers,
    },
    body: text,
  });
};

async function createSession(body: object = {}, name = 'crm'): Promise<Session> {
  const answer = await sessionsCall('POST', { subject, ...body }, name);
  expect(answer.status).toBe(201);
  return answer.json() as unknown as Session;
}

const ask = (token: string, operation = 'search', appId = 'wx_1', headers = {}) =>
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

describe('POST /sessions', () => {
  test('answers 201 with the token, its expiry and its rights, and is not cached', async () => {
    const answer = await sessionsCall('POST', {
      appIds: ['wx_sales_1'],
      operations: ['read', 'addContacts'],
      ttlSeconds: 900,
      subject: 'alice',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      token: expect.stringMatching(/^gws_[\w.-]+$/),
      expiresAt: new Date(clock.now() + 900_000).toISOString(),
      appIds: ['wx_sales_1'],
      operations: ['read', 'addContacts'],
    });
  });

  test('gives a session that names no rights those of its client, for as long as its client may', async () => {
    expect(await createSession()).toMatchObject({
      expiresAt: new Date(clock.now() + 3_600_000).toISOString(),
      appIds: ['wx_*'],
      operations: ['read', 'addContacts'],
    });
  });

  test.each<[string, object, string]>([
    ['an appId that the client may not use', { appIds: ['shop_1'] }, 'app-not-allowed'],
    ['a narrower pattern than the client’s', { appIds: ['wx_sales_*'] }, 'app-not-allowed'],
    ['a wider pattern', { appIds: ['*'] }, 'app-not-allowed'],
    [
      'an operation that the client may not call',
      { operations: ['deleteFriend'] },
      'operation-not-allowed',
    ],
    ['all writes', { operations: ['write'] }, 'operation-not-allowed'],
    ['everything', { operations: ['all'] }, 'operation-not-allowed'],
  ])('refuses with 403 a session that asks for %s', async (_what, body, code) => {
    expect(seen(await sessionsCall('POST', body))).toEqual([403, code]);
  });

  test.each<[string, object]>([
    ['the pattern of the client', { appIds: ['wx_*', 'wx_1'] }],
    ['a single operation of a group', { operations: ['search'] }],
  ])('accepts a session that asks for %s', async (_what, body) => {
    expect((await sessionsCall('POST', body)).status).toBe(201);
  });

  test.each<[string, unknown]>([
    ['a ttlSeconds longer than maxSeconds', { ttlSeconds: 3601 }],
    ['a ttlSeconds of 0', { ttlSeconds: 0 }],
    ['a ttlSeconds of 1.5', { ttlSeconds: 1.5 }],
    ['a ttlSeconds that is a text', { ttlSeconds: '900' }],
    ['an unknown field', { ttl: 900 }],
    ['an empty subject', { subject: '' }],
    ['a subject with a line break', { subject: 'a\nb' }],
    ['a subject with a line separator of Unicode', { subject: 'a\u2028b' }],
    ['no appId', { appIds: [] }],
    ['101 appIds', { appIds: Array.from({ length: 101 }, (_, n) => `wx_${n}`) }],
    ['appIds that are no list', { appIds: 'wx_1' }],
    [
      'a hundred appIds too long for one token',
      { appIds: Array.from({ length: 100 }, (_, n) => `wx_${'a'.repeat(100)}${n}`) },
    ],
    ['an array', []],
  ])('refuses %s with 400 invalid-body', async (_what, body) => {
    expect(seen(await sessionsCall('POST', body))).toEqual([400, 'invalid-body']);
  });

  test.each<[string, string]>([
    ['its key', keyOf('crm')],
    ['GEWE’s token', TOKEN],
  ])(
    'refuses a subject or an appId with %s in it: it would be logged or repeated',
    async (_what, secret) => {
      for (const body of [{ subject: `a ${secret}` }, { appIds: [`wx_${secret}`] }]) {
        const answer = await sessionsCall('POST', body);
        expect(seen(answer)).toEqual([400, 'invalid-body']);
        expect(answer.body.toString()).not.toContain(secret);
      }
      expect(seen(await sessionsCall('DELETE', { subject: secret }))).toEqual([
        400,
        'invalid-body',
      ]);
    },
  );

  test('gives a client that may read and write all operations, if it asks for them', async () => {
    expect(await createSession({ operations: ['all'] }, 'both')).toMatchObject({
      operations: ['all'],
    });
  });

  test('refuses a client without `sessions`, an anonymous caller and a session', async () => {
    expect(seen(await sessionsCall('POST', {}, 'none'))).toEqual([403, 'operation-not-allowed']);
    expect(seen(await sessionsCall('POST', {}, 'nobody'))).toEqual([
      401,
      'unauthenticated',
      'unknown-credential',
    ]);
    const { token } = await createSession();
    const bySession = { Authorization: `Bearer ${token}` };
    for (const method of ['POST', 'DELETE']) {
      expect(seen(await sessionsCall(method, {}, 'crm', bySession))).toEqual([
        403,
        'operation-not-allowed',
      ]);
    }
  });

  test('refuses a page, also one of a listed origin: it would have a key in it', async () => {
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      const answer = await sessionsCall(method, {}, 'crm', { Origin: CRM_ORIGIN });
      expect(seen(answer)).toEqual([403, 'origin-not-allowed']);
    }
  });

  test('answers another method with 405 and Allow', async () => {
    const answer = await sessionsCall('PUT', {});
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, DELETE, OPTIONS']);
  });
});

test('a made-up session token writes nothing to the store', async () => {
  const stores = openMemoryStores(systemClock, 1_000_000);
  const own = await startGateway({ clients: CLIENTS, overrides: { stores } });
  try {
    const kid = { alg: 'HS256', kid: 'x' };
    const head = Buffer.from(JSON.stringify(kid)).toString('base64url');
    const answer = await httpCall(own.url, {
      path: '/contacts/search',
      headers: {
        'Content-Type': 'application/json',
        'X-API-Key': `gws_${head}.e30.${'a'.repeat(43)}`,
      },
      body: '{"appId":"wx_1"}',
    });
    expect(seen(answer)).toEqual([401, 'unauthenticated', 'unknown-key']);
    expect(await stores.sessions.signingKeys()).toEqual([]);
  } finally {
    await own.stop();
  }
});

describe('a session token', () => {
  test('may do what it says, and nothing else', async () => {
    const { token } = await createSession({ appIds: ['wx_1'], operations: ['search'] });
    expect(seen(await ask(token))).toEqual([200, 'passed']);
    expect(seen(await ask(token, 'getBriefInfo'))).toEqual([403, 'operation-not-allowed']);
    expect(seen(await ask(token, 'search', 'wx_2'))).toEqual([403, 'app-not-allowed']);
  });

  test('is good in X-GEWE-TOKEN and X-API-Key too, and is never sent to the upstream', async () => {
    const { token } = await createSession();
    const body = JSON.stringify({ appId: 'wx_1' });
    for (const name of ['X-GEWE-TOKEN', 'X-API-Key']) {
      const headers = { 'Content-Type': 'application/json', [name]: token };
      expect(
        (await httpCall(gateway.url, { path: '/contacts/search', headers, body })).status,
      ).toBe(200);
    }
    expect(JSON.stringify(gateway.simulator.calls)).not.toContain(token);
  });

  test('in X-GEWE-TOKEN gets refusals in GEWE’s format, and in that of its client if it has one', async () => {
    const body = JSON.stringify({ appId: 'wx_1' });
    const call = async (name: string) => {
      const { token } = await createSession({ operations: ['search'] }, name);
      const headers = { 'Content-Type': 'application/json', 'X-GEWE-TOKEN': token };
      return httpCall(gateway.url, { path: '/contacts/getBriefInfo', headers, body });
    };
    expect((await call('crm')).status).toBe(200);
    expect((await call('bare')).status).toBe(403);
  });

  test('is refused as expired from its last second on', async () => {
    const { token } = await createSession({ ttlSeconds: 10 });
    clock.advance(9_999);
    expect(seen(await ask(token))).toEqual([200, 'passed']);
    clock.advance(1);
    expect(seen(await ask(token))).toEqual([401, 'unauthenticated', 'expired']);
  });

  test('is refused at its very end also if that is within a second, and if it is used for the first time', async () => {
    clock.advance(400);
    const { token } = await createSession({ ttlSeconds: 10 });
    clock.advance(10_000);
    const answer = await askAccount(gateway, 'wx_1', {
      headers: { Authorization: `Bearer ${token}` },
    });
    clock.advance(600);
    expect(seen(answer)).toEqual([401, 'unauthenticated', 'expired']);
  });

  test('with a changed signature, of another key, cut off or made up is refused with a reason', async () => {
    const { token } = await createSession();
    const [head = '', payload = ''] = token.split('.');
    const forged = (header: object) =>
      `gws_${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${'a'.repeat(43)}`;
    const { kid } = JSON.parse(Buffer.from(head.slice(4), 'base64url').toString()) as {
      kid: string;
    };
    const cases: [string, string][] = [
      [`${head}.${payload}.${'a'.repeat(43)}`, 'signature'],
      [forged({ alg: 'HS256', kid: 'unknown' }), 'unknown-key'],
      [forged({ alg: 'HS512', kid }), 'algorithm'],
      [
        `gws_${Buffer.from(JSON.stringify({ alg: 'none', kid })).toString('base64url')}.${payload}.`,
        'algorithm',
      ],
      [`${head}.${payload}`, 'malformed'],
      ['gws_', 'malformed'],
      [`gws_${'a'.repeat(9000)}`, 'malformed'],
    ];
    for (const [bad, reason] of cases) {
      const answer = await ask(bad);
      expect(seen(answer)).toEqual([401, 'unauthenticated', reason]);
      expect(answer.json()['msg']).toBe('登录凭证无效或已过期，请重新登录');
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="gewe-gateway", error="invalid_token", error_description="${reason}"`,
      );
      expect(answer.body.toString()).not.toContain(bad);
    }
  });

  test('a refusal without a credential names no error (RFC 6750 section 3.1)', async () => {
    const answer = await httpCall(gateway.url, {
      path: '/contacts/search',
      headers: { 'Content-Type': 'application/json' },
      body: '{"appId":"wx_1"}',
    });
    expect(seen(answer)).toEqual([401, 'unauthenticated', 'missing']);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="gewe-gateway"');
  });

  test('calls from a page of an origin of its client, and of no other', async () => {
    const { token } = await createSession();
    const good = await ask(token, 'search', 'wx_1', { Origin: CRM_ORIGIN });
    expect([good.status, good.headers['access-control-allow-origin']]).toEqual([200, CRM_ORIGIN]);
    const other = await createSession({}, 'all');
    const bad = await ask(other.token, 'search', 'wx_1', { Origin: CRM_ORIGIN });
    expect(seen(bad)).toEqual([403, 'origin-not-allowed']);
    expect(bad.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('has its own rate inside that of its client, shared by the sessions of a subject', async () => {
    const [one, two] = [await createSession(), await createSession()];
    const other = await createSession({ subject: `${subject} b` });
    for (let call = 1; call <= 5; call += 1) {
      expect((await ask(call % 2 === 0 ? one.token : two.token)).status).toBe(200);
    }
    const sixth = await ask(one.token);
    expect(seen(sixth)).toEqual([429, 'client-rate-limited']);
    expect(sixth.headers['ratelimit']).toMatch(/"client";r=\d+;t=\d+, "session";r=0;t=\d+/);
    expect((await ask(other.token)).status).toBe(200);
  });

  test('without a subject has a rate for itself', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(async () => (await sessionsCall('POST', {})).json() as unknown as Session),
    );
    for (let call = 1; call <= 5; call += 1) await ask(one?.token ?? '');
    expect((await ask(one?.token ?? '')).status).toBe(429);
    expect((await ask(two?.token ?? '')).status).toBe(200);
  });

  test('is never logged; its subject is', async () => {
    const { token } = await createSession();
    await ask(token);
    const lines = JSON.stringify(gateway.log);
    expect(lines).not.toContain(token);
    const { log } = gateway;
    expect(log.findLast((line) => line['operation'] === 'search')).toMatchObject({
      client: 'crm',
      subject,
    });
  });
});

describe('DELETE /sessions', () => {
  test('ends the sessions of a subject that were made before, and no other', async () => {
    const old = await createSession();
    const other = await createSession({ subject: `${subject} b` });
    expect(seen(await ask(old.token))).toEqual([200, 'passed']);
    const ended = await sessionsCall('DELETE', { subject });
    expect([ended.status, ended.body.length]).toEqual([204, 0]);
    const next = await createSession();
    expect(seen(await ask(old.token))).toEqual([401, 'unauthenticated', 'revoked']);
    expect(seen(await ask(other.token))).toEqual([200, 'passed']);
    // Made in the same instant: the clock stands still.
    expect(seen(await ask(next.token))).toEqual([200, 'passed']);
  });

  test('with {} ends all sessions of the client', async () => {
    const [one, other] = [await createSession(), await createSession({ subject: `${subject} b` })];
    const ofAnother = await createSession({}, 'all');
    await sessionsCall('DELETE', {});
    for (const { token } of [one, other]) {
      expect(seen(await ask(token))).toEqual([401, 'unauthenticated', 'revoked']);
    }
    expect(seen(await ask(ofAnother.token))).toEqual([200, 'passed']);
    clock.advance(1);
  });
});

describe('after the system clock was set back', () => {
  const HOUR_MS = 3_600_000;
  afterEach(() => clock.advance(HOUR_MS + 1));

  test('DELETE /sessions ends the sessions that were made before, with times ahead', async () => {
    const old = await createSession();
    clock.set(clock.now() - HOUR_MS);
    await sessionsCall('DELETE', { subject });
    expect(seen(await ask(old.token))).toEqual([401, 'unauthenticated', 'revoked']);
    expect(seen(await ask((await createSession()).token))).toEqual([200, 'passed']);
  });

  test('a session lives no longer than it says, although sessions were ended in the future', async () => {
    await sessionsCall('DELETE', { subject });
    clock.set(clock.now() - HOUR_MS);
    const { token, expiresAt } = await createSession({ ttlSeconds: 10 });
    expect(expiresAt).toBe(new Date(clock.now() + 10_000).toISOString());
    expect(seen(await ask(token))).toEqual([200, 'passed']);
    clock.advance(10_000);
    expect(seen(await ask(token))).toEqual([401, 'unauthenticated', 'expired']);
  });
});

describe('a session of a client whose entry changes', () => {
  /** Resolves when the gateway has taken over the file. */
  async function write(own: TestGateway, text: string): Promise<void> {
    const before = own.log.length;
    const file = join(own.folder, 'clients.yaml');
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    const isTaken = () =>
      own.log.slice(before).some(({ msg }) => msg === 'the clients file was taken over');
    expect(await eventually(isTaken)).toBe(true);
  }
  /** Ends all sessions with this key, with a body of which the end comes only after `meanwhile`. */
  async function endSlowly(own: TestGateway, key: string, meanwhile: () => Promise<void>) {
    const caller = openRaw(own.url);
    const head = [
      'DELETE /sessions HTTP/1.1',
      'Host: gateway.test',
      `Authorization: Bearer ${keyOf(key)}`,
      'Content-Type: application/json',
      'Content-Length: 2',
    ];
    caller.socket.write(`${head.join('\r\n')}\r\n\r\n{`);
    await meanwhile();
    caller.socket.write('}');
    const [answer] = await caller.taken(1);
    caller.socket.destroy();
    return answer?.status;
  }
  const askAt = (own: TestGateway, token: string, operation = 'search') =>
    httpCall(own.url, {
      path: `/contacts/${operation}`,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: '{"appId":"wx_1","option":4}',
    }).then(seen);
  const createAt = async (own: TestGateway, key: string) =>
    (
      await httpCall(own.url, {
        path: '/sessions',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${keyOf(key)}` },
        body: '{}',
      })
    ).json()['token'] as string;

  test('outlives a restart of the gateway, and so does its end', async () => {
    const folder = await temporaryFolder();
    const start = () =>
      startGateway({
        clients: `clients:\n${crm()}\n${OTHERS}`,
        env: { STORE_URL: `sqlite:${join(folder.path, 'gateway.db')}` },
      });
    let own = await start();
    try {
      const [ended, live] = [await createAt(own, 'all'), await createAt(own, 'crm')];
      expect(await endSlowly(own, 'all', async () => undefined)).toBe(204);
      await own.stop();
      own = await start();
      expect(await askAt(own, live)).toEqual([200, 'passed']);
      expect(await askAt(own, ended)).toEqual([401, 'unauthenticated', 'revoked']);
    } finally {
      await own.stop();
      await folder.remove();
    }
  });

  test('is not ended with a key that is revoked while the body arrives', async () => {
    const own = await startGateway({ clients: `clients:\n${crm()}\n${OTHERS}` });
    try {
      const token = await createAt(own, 'crm-next');
      const revoke = () => write(own, `clients:\n${crm(hashes('crm-next'))}\n${OTHERS}`);
      expect(await endSlowly(own, 'crm', revoke)).toBe(401);
      expect(await askAt(own, token)).toEqual([200, 'passed']);
    } finally {
      await own.stop();
    }
  });

  test('dies when its client may no longer have sessions', async () => {
    const own = await startGateway({ clients: `clients:\n${crm()}\n${OTHERS}` });
    try {
      const token = await createAt(own, 'crm');
      await write(own, `clients:\n  crm: { ${hashes('crm', 'crm-next')} }\n${OTHERS}`);
      expect(await askAt(own, token)).toEqual([401, 'unauthenticated', 'revoked']);
    } finally {
      await own.stop();
    }
  });

  test('dies with its client and with the key that made it, and loses what its client loses', async () => {
    const own = await startGateway({ clients: `clients:\n${crm()}\n${OTHERS}` });
    try {
      const [byOne, byNext] = [await createAt(own, 'crm'), await createAt(own, 'crm-next')];
      expect(await askAt(own, byOne, 'getBriefInfo')).toEqual([200, 'passed']);
      await write(own, `clients:\n${crm(hashes('crm-next'), '[search]')}\n${OTHERS}`);
      expect(await askAt(own, byOne)).toEqual([401, 'unauthenticated', 'revoked']);
      expect(await askAt(own, byNext)).toEqual([200, 'passed']);
      expect(await askAt(own, byNext, 'getBriefInfo')).toEqual([403, 'operation-not-allowed']);
      await write(own, `clients:\n${OTHERS}`);
      expect(await askAt(own, byNext)).toEqual([401, 'unauthenticated', 'revoked']);
    } finally {
      await own.stop();
    }
  });
});
