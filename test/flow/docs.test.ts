/** The API page and its document, on both listeners. */
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONTACTS } from '../../src/docs/contacts.ts';
import { GOOD_HEADERS, httpCall, httpGet, type HttpAnswer } from '../support/http-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const OPS_TOKEN = 'ops-5d0c7e1f9a3b';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { OPS_TOKEN } });
});
afterAll(() => gateway.stop());

type Listener = 'url' | 'opsUrl';
const LISTENERS: readonly Listener[] = ['url', 'opsUrl'];

function ask(listener: Listener, path: string, headers = {}, method = 'GET'): Promise<HttpAnswer> {
  return httpCall(gateway[listener], { method, path, headers });
}

const FILES = [
  ['/docs', 'text/html; charset=utf-8'],
  ['/docs/page.css', 'text/css; charset=utf-8'],
  ['/docs/page.js', 'text/javascript; charset=utf-8'],
  ['/openapi.json', 'application/json'],
] as const;
const PATHS = FILES.map(([path]) => path);

describe.each(LISTENERS)('at the %s', (listener) => {
  test.each(FILES)('GET %s needs no key, not even OPS_TOKEN, and is %s', async (path, type) => {
    const answer = await ask(listener, path);

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body.length).toBeGreaterThan(1000);
  });

  test.each(PATHS)(
    'GET %s lets a browser load what is the page’s own, and nothing else',
    async (path) => {
      const { headers } = await ask(listener, path);

      const policy = new Map(
        (headers['content-security-policy'] as string)
          .split(';')
          .map((one) => [one.split(' ')[0], one.split(' ').slice(1).join(' ')]),
      );
      expect(Object.fromEntries(policy)).toEqual({
        'default-src': "'none'",
        'style-src': "'self'",
        'script-src': "'self'",
        'img-src': "'self' data:",
        'connect-src': listener === 'url' ? "'self'" : "'none'",
        'base-uri': "'none'",
        'form-action': "'none'",
        'frame-ancestors': "'none'",
      });
    },
  );

  test.each(PATHS)(
    'GET %s may be kept, and is not sent again while it is the same',
    async (path) => {
      const first = await ask(listener, path);
      const { etag = '' } = first.headers;
      expect(first.headers['cache-control']).toBe('no-cache');

      const again = await ask(listener, path, { 'If-None-Match': `"other", ${etag}` });
      expect(again.status).toBe(304);
      expect(again.body).toHaveLength(0);
      expect(again.headers.etag).toBe(etag);

      const another = await ask(listener, path, { 'If-None-Match': 'W/"other"' });
      expect(another.status).toBe(200);
    },
  );

  test('HEAD /docs has the head of GET', async () => {
    const [get, head] = await Promise.all([
      ask(listener, '/docs'),
      ask(listener, '/docs', {}, 'HEAD'),
    ]);

    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.body).toHaveLength(0);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    '%s /docs is refused with 405',
    async (method) => {
      const token = { Authorization: `Bearer ${OPS_TOKEN}` };
      const answer = await ask(listener, '/docs', token, method);

      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD');
      expect(answer.json()['code']).toBe('method-not-allowed');
    },
  );

  test('GET /docs/ leads to /docs, wherever a proxy has put it', async () => {
    const answer = await ask(listener, '/docs/');

    expect(answer.status).toBe(308);
    expect(answer.headers.location).toBe('../docs');
  });

  test.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['zh', 'zh-CN'],
    ['en-GB,en;q=0.9', 'en'],
    ['de', 'en'],
    [undefined, 'en'],
  ])('GET /docs with Accept-Language %s is in %s', async (languages, lang) => {
    const answer = await ask(
      listener,
      '/docs',
      languages === undefined ? {} : { 'Accept-Language': languages },
    );

    expect(answer.body.toString()).toContain(`<html lang="${lang}">`);
    expect(answer.headers.vary?.split(', ')).toContain('Accept-Language');
  });

  test('GET /docs?lang=zh is in Chinese for everybody', async () => {
    const answer = await ask(listener, '/docs?lang=zh', { 'Accept-Language': 'en' });

    expect(answer.body.toString()).toContain('<html lang="zh-CN">');
  });

  test('GET /docs is compressed for callers that accept it', async () => {
    const [plain, compressed] = await Promise.all([
      ask(listener, '/docs'),
      ask(listener, '/docs', { 'Accept-Encoding': 'br' }),
    ]);

    expect(compressed.headers['content-encoding']).toBe('br');
    expect(compressed.headers.etag).toBe(plain.headers.etag);
    expect(brotliDecompressSync(compressed.body).equals(plain.body)).toBe(true);
    expect(compressed.headers.vary?.split(', ')).toContain('Accept-Encoding');
  });
});

test('the page on the ops listener is for reading only, without OPS_TOKEN', async () => {
  expect((await ask('opsUrl', '/docs', {}, 'POST')).status).toBe(401);
  expect((await ask('opsUrl', '/docs/x')).status).toBe(401);
});

test('the page on the ops listener is not for pages of other origins', async () => {
  expect((await ask('opsUrl', '/openapi.json', { Origin: 'http://evil.test' })).status).toBe(403);
});

test('calls can be sent from the page on the client listener only', async () => {
  const [client, ops] = await Promise.all([ask('url', '/docs'), ask('opsUrl', '/docs')]);

  expect(client.body.toString()).toContain('<form');
  expect(ops.body.toString()).not.toContain('<form');
});

test('a request for the page is recorded as docs', async () => {
  await ask('url', '/docs', { 'X-Request-Id': 'page-1' });

  const line = gateway.log.find(({ requestId }) => requestId === 'page-1');
  expect(line).toMatchObject({ operation: 'docs', status: 200 });
  const metrics = await ask('opsUrl', '/metrics', { Authorization: `Bearer ${OPS_TOKEN}` });
  expect(metrics.body.toString()).toMatch(
    /gewe_gateway_requests_total\{operation="docs",client="none",status="200"/,
  );
});

test.each(['/docs/x', '/docs/page.css/', '/docs//', '/Docs', '/openapi.yaml', '/docs/%70age.css'])(
  'GET %s is not there',
  async (path) => {
    expect((await ask('url', path)).status).toBe(404);
  },
);

test.each([
  ['both', 200, 200],
  ['ops', 404, 200],
  ['off', 404, 404],
])(
  'with DOCS=%s the page is answered with %i to clients and %i to operators',
  async (docs, client, ops) => {
    const other = await startGateway({ env: { DOCS: docs } });
    try {
      for (const path of ['/docs', '/docs/', '/docs/page.css', '/docs/page.js', '/openapi.json']) {
        const found = path === '/docs/' ? 308 : 200;
        const expected = (status: number) => (status === 200 ? found : status);
        expect((await httpGet(other.url, path)).status).toBe(expected(client));
        expect((await httpGet(other.opsUrl, path)).status).toBe(expected(ops));
      }
    } finally {
      await other.stop();
    }
  },
);

describe('a friend request', () => {
  const { request, example } = CONTACTS['addContacts']!;

  test.each<[string, object]>([
    ['as on the page', {}],
    ['with its option as a digit', { option: '2' }],
    ['with a field more', { more: [1] }],
    ['with an option that there is not', { option: 1 }],
    ['with its option in words', { option: 'add' }],
    ['with its option with a zero before it', { option: '02' }],
    ['without an option', { option: null }],
    ['with an empty v3', { v3: '' }],
    ['with a space in its v3', { v3: 'v3 ann' }],
    ['with a v3 that is as long as it may be', { v3: 'x'.repeat(4096) }],
    ['with a v3 that is too long', { v3: 'x'.repeat(4097) }],
    ['with a number for its v3', { v3: 3 }],
    ['with an empty appId', { appId: '' }],
    ['with an appId that is as long as it may be', { appId: 'a'.repeat(128) }],
    ['with an appId that is too long', { appId: 'a'.repeat(129) }],
    ['with an appId in Chinese', { appId: '账号' }],
    ['with a number for its appId', { appId: 7 }],
  ])('%s is taken exactly if the document allows it', async (_what, change) => {
    const body = { ...example, ...change };
    const answer = await gateway.post('addContacts', body);

    const { code } = answer.body as { code?: string };
    const isTaken = !['invalid-app-id', 'invalid-option', 'invalid-target'].includes(code ?? '');
    expect(isTaken).toBe(request.safeParse(body).success);
  });
});

describe('a call from a page', () => {
  const call = (at: TestGateway, headers: Readonly<Record<string, string>>) =>
    httpCall(at.url, {
      path: '/contacts/search',
      headers: { ...GOOD_HEADERS, ...headers },
      body: '{"appId":"wx_a","contactsInfo":"ann"}',
    });

  test('of the gateway itself is served with a key', async () => {
    const answer = await call(gateway, { Origin: gateway.url });

    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('of another origin is refused', async () => {
    const answer = await call(gateway, { Origin: 'http://evil.test' });

    expect(answer.status).toBe(403);
    expect(answer.json()['code']).toBe('origin-not-allowed');
  });

  test('of the gateway itself is refused if the API page is not there', async () => {
    const other = await startGateway({ env: { DOCS: 'ops' } });
    try {
      expect((await call(other, { Origin: other.url })).status).toBe(403);
    } finally {
      await other.stop();
    }
  });

  test('without a key is refused also where everybody is served, because any name can lead here', async () => {
    const other = await startGateway({ env: { GATEWAY_AUTH: 'none', GATEWAY_KEYS: '' } });
    try {
      const answer = await call(other, { Origin: other.url, Authorization: '' });
      expect(answer.status).toBe(403);
    } finally {
      await other.stop();
    }
  });
});
