/** examples/browser without a browser: its words, its backend, and the line that runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBackend } from '../../examples/browser/backend.ts';
import {
  ageInWords,
  countdownInWords,
  failureInWords,
  instantInWords,
  openingInWords,
  originInWords,
  quotaInWords,
} from '../../examples/browser/page/words.ts';
import { setStage, type Stage } from '../../examples/browser/stage.ts';

const program = fileURLToPath(new URL('../../examples/browser/run.ts', import.meta.url));

describe('the words of the page', () => {
  test.each([
    [0, '刚刚'],
    [42, '42 秒前'],
    [60, '1 分钟前'],
    [7199, '1 小时前'],
    [172_800, '2 天前'],
  ])('a list of %i seconds is %s', (seconds, words) => {
    expect(ageInWords(seconds)).toBe(words);
  });

  test.each([
    ['live', null, 'gewe-gateway; fwd=miss; stored', '实时'],
    ['saved', '180', 'gewe-gateway; hit', '3 分钟前保存的名单'],
    [
      'saved',
      '180',
      'gewe-gateway; fwd=stale; detail=upstream-timeout',
      '3 分钟前保存的名单，GEWE 没有及时响应',
    ],
    [
      'saved',
      '7200',
      'gewe-gateway; fwd=stale; detail=upstream-unreachable',
      '2 小时前保存的名单，GEWE 连接不上',
    ],
    [
      'gewe-cache',
      '0',
      'gewe-gateway; fwd=miss; stored; detail=gewe-cache',
      'GEWE 缓存的名单，刚刚',
    ],
  ])('a list with source %s, age %s and status %s is %s', (source, age, cacheStatus, words) => {
    expect(originInWords({ source, age, cacheStatus })).toBe(words);
  });

  test.each([
    ['live', null, 59, '实时'],
    ['live', null, 60, '1 分钟前取得的名单'],
    ['saved', '180', 3600, '1 小时前保存的名单'],
  ])(
    'a list with source %s and age %s, on the page for %i s, is %s',
    (source, age, held, words) => {
      expect(originInWords({ source, age, cacheStatus: null }, held)).toBe(words);
    },
  );

  test.each([
    [0, '00:00'],
    [59, '00:59'],
    [3600, '1:00:00'],
    [86_399, '23:59:59'],
    [266_645, '3 天 02:04:05'],
  ])('a wait of %i seconds is %s', (seconds, words) => {
    expect(countdownInWords(seconds)).toBe(words);
  });

  test.each([
    ['2026-06-01T09:30:05', '09:30:05'],
    ['2026-06-01T00:00:00', '00:00:00'],
    ['2026-06-02T09:30:05', '6月2日 09:30'],
    ['2027-06-01T09:30:05', '6月1日 09:30'],
  ])('on 1 June 2026 the instant %s is %s', (instant, words) => {
    expect(instantInWords(instant, '2026-06-01T08:00:00')).toBe(words);
  });

  test.each([
    ['2026-06-01T08:00:59.001', '08:01:00'],
    ['2026-06-01T09:30:00.001', '09:31:00'],
    ['2026-06-02T09:30:00.001', '6月2日 09:31'],
  ])('an opening at %s is shown as %s, and never too early', (instant, words) => {
    expect(openingInWords(instant, '2026-06-01T08:00:00')).toBe(words);
  });

  test.each([
    ['add-per-day', 86_400, '24 小时内可添加'],
    ['add-gap', 60, '两次添加至少间隔 1 分钟'],
    ['accept-per-day', 86_400, '24 小时内可通过'],
    ['something-new', 90, 'something-new（90 秒）'],
  ])('the quota %s over %i seconds is %s', (name, windowSeconds, words) => {
    expect(quotaInWords({ name, windowSeconds, limit: 1, left: 1, opensAt: null })).toBe(words);
  });

  test.each([
    [429, '明天 09:30 后可再加', '明天 09:30 后可再加'],
    [0, undefined, '连不上网关，请检查网络后再试'],
    [401, undefined, '登录已失效，请重新登录'],
    [503, null, '网关暂时不可用，请稍后再试'],
    [418, '', '请求失败（418）'],
  ])('a failure with status %i and msg %s is %s', (status, msg, words) => {
    expect(failureInWords(status, msg)).toBe(words);
  });
});

describe('the backend of the page', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(() => stage.close());

  const post = (path: string, headers: Record<string, string> = {}, body: object = {}) =>
    fetch(stage.url + path, {
      method: 'POST',
      headers: { Origin: stage.url, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  async function cookieOf(user: string): Promise<string> {
    const signedIn = await post('/sign-in', {}, { user });
    return signedIn.headers.get('set-cookie') ?? '';
  }

  test('a user is signed in by a cookie that no script and no other site can use', async () => {
    expect(await cookieOf('alice')).toMatch(
      /^sign-in=[\w-]{36}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  test('a user that is not on the list is not signed in', async () => {
    const answer = await post('/sign-in', {}, { user: 'mallory' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test('a session is for the accounts of the user, and without the key', async () => {
    const answer = await post('/session', { Cookie: await cookieOf('alice') });
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      user: 'alice',
      appIds: ['wx_sales_1', 'wx_sales_2'],
      ttlSeconds: 900,
      token: expect.stringMatching(/^gws_/),
    });
    expect(text).not.toContain(stage.gatewayKey);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    ['another site', 'http://evil.example'],
    ['a sandboxed frame', 'null'],
  ])('a post from %s is refused', async (_name, origin) => {
    const answer = await post('/session', { Origin: origin, Cookie: await cookieOf('alice') });
    expect(answer.status).toBe(403);
  });

  test('nobody who is not signed in gets a session', async () => {
    for (const Cookie of ['', 'sign-in=', 'sign-in=00000000-0000-4000-8000-000000000000']) {
      expect((await post('/session', { Cookie })).status).toBe(204);
    }
  });

  test('a gateway that is away is a 502 without a stack', async () => {
    const gatewayKey = 'gwk_of_a_test';
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', createBackend({ gatewayUrl: 'http://127.0.0.1:1', gatewayKey, origin }));
    const send = (path: string, Cookie: string) =>
      fetch(origin + path, {
        method: 'POST',
        headers: { Origin: origin, 'Content-Type': 'application/json', Cookie },
        body: '{"user":"alice"}',
      });
    const cookie = (await send('/sign-in', '')).headers.get('set-cookie') ?? '';
    const answer = await send('/session', cookie);
    server.closeAllConnections();
    server.close();

    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe('Bad Gateway');
  });

  test('the page may run only its own scripts and call only the gateway', async () => {
    const { headers } = await fetch(stage.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
    expect(policy).toContain(`connect-src 'self' ${stage.gatewayUrl};`);
    expect(policy).not.toContain('unsafe');
  });

  test('the scripts of the page are served without types, and nothing else of the folder', async () => {
    const script = await fetch(`${stage.url}/gateway.ts`);
    expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(await script.text()).not.toContain('interface');
    for (const path of ['/backend.ts', '/../backend.ts', '/%2e%2e/backend.ts', '/tsconfig.json']) {
      expect((await fetch(stage.url + path)).status).not.toBe(200);
    }
  });
});

test('npm run example:browser prints where the page is, and ends with Ctrl-C', async () => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes('Ctrl-C')) break;
    }
    const [, url = ''] = /^Open (\S+)/.exec(output) ?? [];
    const page = await fetch(url);
    expect(await page.text()).toContain('好友工作台');

    // Twice, as npm and the terminal both send it.
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

test('npm run example:browser says in one line that its port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const port = String((taken.address() as AddressInfo).port);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code] = (await once(child, 'close')) as [number];
  taken.close();

  expect(code).toBe(1);
  expect(complaint).toBe(`Port ${port} is taken. Set PORT to another one; 0 takes a free one.\n`);
});
