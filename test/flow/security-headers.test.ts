/** Responses have only those security headers that matter here, so that `curl -i` stays readable. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../support/http-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const PROTECTING = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
};
/** Other headers that a response may have. */
const OF_THE_ANSWER = [
  'cache-control',
  'cache-status',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'ratelimit',
  'ratelimit-policy',
  'vary',
  'www-authenticate',
  'x-gateway-source',
  'x-request-id',
];

let gateway: TestGateway;
let behindProxy: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
  behindProxy = await startGateway({ env: { TRUST_PROXY: 'loopback' } });
});
afterAll(async () => {
  await gateway.stop();
  await behindProxy.stop();
});

function ask(url: string, path: string, headers = {}): Promise<HttpAnswer> {
  const list = path.startsWith('/contacts');
  return httpCall(url, {
    method: list ? 'POST' : 'GET',
    path,
    headers: list ? { ...GOOD_HEADERS, ...headers } : headers,
    ...(list && { body: '{"appId":"wx_a"}' }),
  });
}

describe('the security headers', () => {
  test.each([
    ['a list', 200, () => ask(gateway.url, '/contacts/fetchContactsList')],
    ['an answer passed on', 200, () => ask(gateway.url, '/contacts/search')],
    ['a refusal', 401, () => ask(gateway.url, '/contacts/search', { Authorization: 'Bearer x' })],
    ['a path that names nothing', 404, () => ask(gateway.url, '/')],
    ['the health', 200, () => ask(gateway.url, '/healthz')],
    ['the metrics', 200, () => ask(gateway.opsUrl, '/metrics')],
    ['a refusal for operators', 404, () => ask(gateway.opsUrl, '/nothing')],
  ])('of %s are the three expected ones and no others', async (_what, status, call) => {
    const answer = await call();

    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(PROTECTING);
    const known = [...Object.keys(PROTECTING), ...OF_THE_ANSWER];
    expect(Object.keys(answer.headers).filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each(['/contacts/search', '/healthz', '/'])(
    'include Strict-Transport-Security if %s was called over TLS through a trusted proxy',
    async (path) => {
      const over = async (proto: string) => {
        const answer = await ask(behindProxy.url, path, { 'X-Forwarded-Proto': proto });
        return answer.headers['strict-transport-security'];
      };

      expect(await over('https')).toBe('max-age=31536000');
      expect(await over('http')).toBeUndefined();
    },
  );

  test('do not include Strict-Transport-Security if X-Forwarded-Proto comes from an untrusted caller', async () => {
    const answer = await ask(gateway.url, '/healthz', { 'X-Forwarded-Proto': 'https' });

    expect(answer.headers).not.toHaveProperty('strict-transport-security');
  });
});
