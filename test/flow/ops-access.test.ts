/** Who may use the ops listener: under which host, with which credential, from which page. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { httpCall, type HttpAnswer, type HttpCall } from '../support/http-client.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import { rawRequest } from '../support/raw-client.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const OPS_TOKEN = 'ops-token-of-this-test';
const OPS_ORIGIN = 'https://ops.example.com';
const BEARER = { Authorization: `Bearer ${OPS_TOKEN}` };
const HTML = { Accept: 'text/html,*/*;q=0.8' };
const PATHS = ['/', '/healthz', '/readyz', '/metrics', '/admin/accounts', '/docs', '/sign-in'];

const basic = (password: string, user = 'ann') => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

let gateway: TestGateway;
const call = (path: string, options: Omit<HttpCall, 'path'> = {}) =>
  httpCall(gateway.opsUrl, { method: 'GET', path, ...options });

/** Changes an account. */
const declare = (headers: Record<string, string>) =>
  call('/admin/accounts/wx_a', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: '{"onlineSince":"2026-01-01T00:00:00Z"}',
  });

/** Sends the form of the sign-in page, as a browser does. */
const signIn = (
  token: string,
  { name = '', path = '/sign-in', headers = {} } = {},
): Promise<HttpAnswer> =>
  call(path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Origin: gateway.opsUrl,
      ...headers,
    },
    body: new URLSearchParams({ token, name }).toString(),
  });

const setCookie = ({ headers }: HttpAnswer) => headers['set-cookie']?.[0] ?? '';
/** The cookie as a browser sends it back. */
const cookieOf = (answer: HttpAnswer) => ({ Cookie: setCookie(answer).split(';')[0] ?? '' });

describe.each([
  ['without OPS_TOKEN', {}],
  ['with OPS_TOKEN', { OPS_TOKEN }],
])('%s', (_what, env) => {
  beforeAll(async () => {
    gateway = await startGateway({ env: { ...env, OPS_ORIGIN } });
  });
  afterAll(() => gateway.stop());

  const statusFor = async (host: string, path: string) => {
    const lines = [`Host: ${host}`, `Authorization: ${BEARER.Authorization}`, 'Connection: close'];
    const answer = await rawRequest(
      gateway.opsUrl,
      `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`,
    );
    return [answer.status, answer.body.toString()] as const;
  };

  test.each(['localhost:1', 'gw.localhost', '192.0.2.1:9090', '[fe80::1]', 'ops.example.com'])(
    'the Host %s is served',
    async (host) => {
      for (const path of ['/healthz', '/metrics', '/docs']) {
        expect((await statusFor(host, path))[0]).toBe(200);
      }
    },
  );

  test.each([
    ...['evil.test', '127.0.0.1.evil.com', 'localhost.', '2130706433', 'ops.example.com:9090', ''],
  ])('the Host %j is refused with 421 on every path', async (host) => {
    for (const path of [...PATHS, '/nothing', '/ops.css']) {
      const [status, body] = await statusFor(host, path);
      expect([path, status]).toEqual([path, 421]);
      expect(JSON.parse(body)).toMatchObject({
        code: 'misdirected-request',
        detail: expect.stringContaining('OPS_ORIGIN'),
      });
    }
  });
});

describe('without OPS_TOKEN', () => {
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.stop());

  test('a change needs the Origin of the listener; the refusal says how to send it', async () => {
    const refused = await declare({});
    expect([refused.status, refused.json()['code']]).toEqual([403, 'origin-not-allowed']);
    expect(refused.json()['detail']).toContain(`-H 'Origin: ${gateway.opsUrl}'`);

    for (const Origin of ['null', 'http://localhost:1', gateway.opsUrl.replace('http', 'https')]) {
      expect((await declare({ Origin })).status).toBe(403);
      expect((await declare({ Origin, 'Sec-Fetch-Site': 'same-origin' })).status).toBe(403);
    }
    expect((await call('/admin/accounts/wx_a')).status).toBe(404);
    expect((await declare({ Origin: gateway.opsUrl })).status).toBe(200);
  });

  test('there is nothing to sign in with: the way leads to the page', async () => {
    for (const answer of [await call('/sign-in'), await signIn('x')]) {
      expect([answer.status, answer.headers.location]).toEqual([303, './']);
      expect(setCookie(answer)).toBe('');
    }
    expect((await call('/', { headers: HTML })).status).toBe(200);
  });
});

describe('with OPS_TOKEN', () => {
  let clock: MovableClock;
  beforeEach(async () => {
    clock = movableClock();
    gateway = await startGateway({ env: { OPS_TOKEN, OPS_ORIGIN }, overrides: { clock } });
  });
  afterEach(() => gateway.stop());

  test('a Bearer token may change things without an Origin, but not from a foreign page', async () => {
    expect((await declare(BEARER)).status).toBe(200);
    expect((await declare({ ...BEARER, Origin: 'https://evil.test' })).status).toBe(403);
    expect((await declare({ ...BEARER, 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });

  test('Basic with the token as its password is accepted, and changes things only from an own page', async () => {
    for (const user of ['ann', '', OPS_TOKEN]) {
      expect((await call('/metrics', { headers: basic(OPS_TOKEN, user) })).status).toBe(200);
    }
    expect((await declare(basic(OPS_TOKEN))).status).toBe(403);
    expect((await declare({ ...basic(OPS_TOKEN), Origin: OPS_ORIGIN })).status).toBe(200);
    expect((await call('/metrics', { headers: basic('wrong', OPS_TOKEN) })).status).toBe(401);
  });

  test('a browser without a sign-in is led from a page to the sign-in; all else is 401', async () => {
    const page = await call('/accounts/wx_a?x=1', { headers: HTML });
    expect(page.status).toBe(303);
    expect(page.headers.location).toBe('../sign-in?to=accounts%2Fwx_a%3Fx%3D1');
    expect(page.headers['cache-control']).toBe('no-store');
    const wrong = await call('/', { headers: { ...HTML, ...basic('wrong') } });
    expect([wrong.status, wrong.headers.location]).toEqual([303, 'sign-in']);

    const others = [
      await call('/'),
      await call('/metrics', { headers: HTML }),
      await call('/admin/accounts', { headers: basic('wrong') }),
      await call('/', { method: 'POST', headers: { ...HTML, Origin: gateway.opsUrl } }),
    ];
    for (const { status, headers } of others) {
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        'Bearer realm="gewe-gateway ops"',
      ]);
    }
  });

  test('signing in opens everything until the sign-out, with a cookie that is not the token', async () => {
    const answer = await signIn(OPS_TOKEN, { name: 'Ann', path: '/sign-in?to=accounts%2Fwx_a' });
    expect([answer.status, answer.headers.location]).toEqual([303, './accounts/wx_a']);
    expect(setCookie(answer)).toMatch(
      /^gewe_ops_\d+=[\w-]{43}; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );

    const cookie = cookieOf(answer);
    expect((await call('/metrics', { headers: cookie })).status).toBe(200);
    expect((await call('/sign-in', { headers: cookie })).headers.location).toBe('./');
    expect((await declare(cookie)).status).toBe(403);
    expect((await declare({ ...cookie, Origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await declare({ ...cookie, Origin: gateway.opsUrl })).status).toBe(200);

    const headers = { ...cookie, Origin: gateway.opsUrl };
    const out = await call('/sign-out', { method: 'POST', headers });
    expect([out.status, out.headers.location]).toEqual([303, 'sign-in']);
    expect(setCookie(out)).toMatch(/^gewe_ops_\d+=; Max-Age=0; /);
    expect((await call('/metrics', { headers: cookie })).status).toBe(401);
    expect(gateway.log.filter(({ msg }) => String(msg).includes('signed in'))).toMatchObject([
      { what: 'signed-in', name: 'Ann' },
      { what: 'signed-out', name: 'Ann' },
    ]);
  });

  test('a sign-in ends after twelve hours, and when its browser signs in again', async () => {
    const first = cookieOf(await signIn(OPS_TOKEN));
    const second = cookieOf(await signIn(OPS_TOKEN, { headers: first }));
    expect((await call('/metrics', { headers: first })).status).toBe(401);

    clock.advance(12 * 3_600_000 - 1);
    expect((await call('/metrics', { headers: second })).status).toBe(200);
    clock.advance(1);
    expect((await call('/metrics', { headers: second })).status).toBe(401);
  });

  test('the cookie of another gateway, or from before a restart, opens nothing', async () => {
    const other = await startGateway({ env: { OPS_TOKEN } });
    const path = '/metrics';
    const cookie = cookieOf(await signIn(OPS_TOKEN));
    const answer = await httpCall(other.opsUrl, { method: 'GET', path, headers: cookie });
    await other.stop();
    expect(answer.status).toBe(401);
  });

  test('a cookie that was planted beside the own one neither locks out nor lives on', async () => {
    const [name = ''] = setCookie(await signIn(OPS_TOKEN)).split('=');
    const planted = `${name}=${'x'.repeat(43)}`;
    const answer = await signIn(OPS_TOKEN, { headers: { Cookie: planted } });
    const { Cookie: own } = cookieOf(answer);

    expect(own).not.toBe(planted);
    expect((await call('/metrics', { headers: { Cookie: planted } })).status).toBe(401);
    for (const Cookie of [`${planted}; ${own}`, `${own}; ${planted}`]) {
      expect((await call('/metrics', { headers: { Cookie } })).status).toBe(200);
    }
  });

  test('the cookie is Secure if the browser uses TLS, which its Origin says', async () => {
    const overTls = { Origin: OPS_ORIGIN, Host: 'ops.example.com' };
    expect(setCookie(await signIn(OPS_TOKEN, { headers: overTls }))).toMatch(/; Secure$/);
    expect(setCookie(await signIn(OPS_TOKEN))).not.toContain('Secure');
  });

  test.each([
    ['no Origin', { Origin: undefined }],
    ['the Origin of another port', { Origin: 'http://127.0.0.1:1' }],
    ['an Origin without a name', { Origin: 'null' }],
  ])('a form with %s cannot sign anybody in or out', async (_what, { Origin }) => {
    const cookie = cookieOf(await signIn(OPS_TOKEN));
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', ...cookie };
    const headers = { ...form, ...(Origin !== undefined && { Origin }) };
    for (const path of ['/sign-in', '/sign-out']) {
      const answer = await call(path, { method: 'POST', headers, body: `token=${OPS_TOKEN}` });
      expect([answer.status, setCookie(answer)]).toEqual([403, '']);
    }
    expect((await call('/metrics', { headers: cookie })).status).toBe(200);
  });

  test('a name is recorded in one line without control characters, and never if it holds the token', async () => {
    await signIn(OPS_TOKEN, { name: `Ann\r\nSet-Cookie: a=b\u0000${'x'.repeat(200)}` });
    await signIn(OPS_TOKEN, { name: `my token is ${OPS_TOKEN}` });

    const names = gateway.log.filter(({ what }) => what === 'signed-in').map(({ name }) => name);
    expect(names).toEqual([`Ann Set-Cookie: a=b${'x'.repeat(41)}`, '']);
  });

  test('ten wrong passwords in a minute lock every sign-in, but neither Bearer nor cookies', async () => {
    const cookie = cookieOf(await signIn(OPS_TOKEN));
    for (let n = 0; n < 5; n += 1) {
      const page = await signIn(`wrong ${n}`);
      expect([page.status, setCookie(page)]).toEqual([401, '']);
      expect((await call('/metrics', { headers: basic(`wrong ${n}`) })).status).toBe(401);
    }

    const form = await signIn(OPS_TOKEN);
    expect([form.status, form.headers['retry-after'], setCookie(form)]).toEqual([429, '60', '']);
    expect(form.body.toString()).toContain('role="alert"');
    const asBasic = await call('/metrics', { headers: basic(OPS_TOKEN) });
    expect(asBasic.status).toBe(429);
    expect(asBasic.headers['retry-after']).toBe('60');
    expect(asBasic.json()).toMatchObject({
      code: 'client-rate-limited',
      msg: expect.stringMatching(/\d\d:\d\d:\d\d 后可再试$/),
    });
    expect((await call('/metrics', { headers: BEARER })).status).toBe(200);
    expect((await call('/metrics', { headers: cookie })).status).toBe(200);
    // A password that a browser sends along does not come between its cookie and the page.
    const both = { ...cookie, ...basic('for the proxy') };
    expect((await call('/metrics', { headers: both })).status).toBe(200);

    clock.advance(60_000);
    expect((await signIn(OPS_TOKEN)).status).toBe(303);
  });

  test('the page is in the language of the browser or of its address, and never has what was typed', async () => {
    const chinese = await call('/sign-in', { headers: { 'Accept-Language': 'zh-CN' } });
    expect(chinese.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(chinese.body.toString()).toContain('<html lang="zh-CN">');
    const english = await call('/sign-in?lang=en&to=accounts%2Fwx_a', {
      headers: { 'Accept-Language': 'zh-CN' },
    });
    expect(english.body.toString()).toContain('action="sign-in?lang=en&amp;to=accounts%2Fwx_a"');

    const withToken = await call(`/sign-in?to=${encodeURIComponent(`?q=${TOKEN}`)}`);
    expect(withToken.body.toString()).not.toContain(TOKEN);

    const path = `/sign-in?lang=zh&to=${encodeURIComponent('"><script>')}`;
    const typed = '"><script>alert(1)</script>';
    const wrong = await signIn(typed, { name: typed, path });
    expect(wrong.status).toBe(401);
    expect(wrong.headers['www-authenticate']).toContain('Bearer');
    expect(wrong.body.toString()).toContain('登录失败');
    expect(wrong.body.toString()).not.toMatch(/script|alert\(/);
    expect(JSON.stringify(gateway.log)).not.toContain('alert(1)');
  });

  test('the page may load its styles and send its form, and nothing else', async () => {
    const { headers } = await call('/sign-in');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'",
    );
    // With no-referrer, browsers would send `Origin: null` with the form.
    expect(headers['referrer-policy']).toBe('same-origin');
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['cache-control']).toBe('no-store');
    expect((await call('/ops.css')).status).not.toBe(401);
  });

  test.each([
    ['another media type', 415, { 'Content-Type': 'application/json' }, 'token=x'],
    ['too long a body', 413, {}, `token=${'x'.repeat(20_000)}`],
    ['no token', 401, {}, ''],
    ['another method', 405, {}, undefined],
  ])('%s is refused with %i', async (_what, status, changed, body) => {
    const answer = await call('/sign-in', {
      method: body === undefined ? 'PUT' : 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Origin: gateway.opsUrl,
        ...changed,
      },
      ...(body !== undefined && { body }),
    });
    expect([answer.status, setCookie(answer)]).toEqual([status, '']);
  });
});
