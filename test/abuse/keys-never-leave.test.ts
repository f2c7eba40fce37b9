/** Callers send their key or OPS_TOKEN in wrong places: it is in no response and no log line, and is not forwarded. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TRUSTING_WITHOUT_GAPS } from '../support/add-contacts.ts';
import { budget } from '../support/budget.ts';
import { echoes, startEchoingUpstream, type EchoingUpstream } from './echoing-upstream.ts';
import { createLogTap, type LogTap } from '../support/log-tap.ts';
import { rawPost, readableExchange } from '../support/raw-client.ts';
import { tells } from '../support/secret-search.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

/** As long as a trace id, the shortest field that could contain a key. */
const KEY = 'd37e9c1f5a2b4860d7e9c1f5a2b48603';
const WITHDRAWN = 'f00dfeedf00dfeed0123456789abcdef';
const REQUESTS = budget(150, 3000);
const OPS_TOKEN = 'ops-5c8e2a7d9b1f';

let upstream: EchoingUpstream;
let gateway: TestGateway;
let tap: LogTap;

beforeEach(async () => {
  tap = createLogTap();
  upstream = await startEchoingUpstream();
  gateway = await startGateway({
    policy: `${TRUSTING_WITHOUT_GAPS}clientRate: { requestsPerMinute: 10000000 }\n`,
    env: {
      GEWE_BASE_URL: upstream.baseUrl,
      GATEWAY_KEYS: `crm:${KEY}`,
      OPS_TOKEN,
      GEWE_TIMEOUT_MS: '100',
      LIST_DEADLINE_MS: '60',
      LIST_CACHE_DEADLINE_MS: '60',
      LIST_HARD_LIMIT_MS: '120',
    },
    overrides: { logTo: tap.logTo },
  });
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** Usually `usual`, so that a request with many parts is still processed far enough. */
function mostly<T>(usual: fc.Arbitrary<T>, ...rare: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 5, arbitrary: usual },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  );
}

/** A request with a key in its place and everywhere else. */
const requests = mostly(fc.constant(KEY), WITHDRAWN).chain((key) =>
  fc.record({
    target: mostly(
      fc.constantFrom('search', 'addContacts', 'fetchContactsList', `search?key=${key}`),
      key,
      `${key}/search`,
      `search/${key}`,
    ),
    shown: fc.constantFrom(
      `Authorization: Bearer ${key}`,
      `X-API-Key: ${key}`,
      `X-GEWE-TOKEN: ${key}`,
    ),
    origin: mostly(fc.constant<string[]>([]), [`Origin: https://${key}.example`]),
    headers: fc.subarray([
      `X-Request-Id: ${key}`,
      `X-Request-Id: crm-${key}`,
      `traceparent: 00-${key}-00f067aa0ba902b7-01`,
      `Idempotency-Key: ${key}`,
      `Prefer: wait=${key}`,
      `X-Forwarded-For: ${key}`,
      `User-Agent: ${key}`,
      `Cookie: key=${key}`,
      `Accept-Language: ${key}`,
    ]),
    appId: mostly(
      fc.nat(20).map((number) => `wx_${number}`),
      key,
      `wx_${key}`,
    ),
  }),
);

test("a client's key reaches neither the upstream nor the log, even if the caller repeats it elsewhere in the request", async () => {
  await fc.assert(
    fc.asyncProperty(requests, echoes, async ({ target, shown, origin, headers, appId }, echo) => {
      upstream.behave(appId, echo);
      const body = JSON.stringify({ appId, option: 2, v3: 'v3_ann' });
      const lines = [shown, 'Content-Type: application/json', ...origin, ...headers];
      const answer = await readableExchange(
        gateway.url,
        rawPost(`/contacts/${target}`, lines, body),
      );

      expect(answer).toMatch(/^HTTP\/1\.1 \d{3} .*\r\nX-Request-Id: /ims);
      expect(tells(answer, KEY) || tells(answer, WITHDRAWN)).toBe(false);
    }),
    { numRuns: REQUESTS, endOnFailure: true },
  );

  expect(upstream.heads.length).toBeGreaterThan(REQUESTS / 20);
  const written = [...upstream.heads, ...tap.lines].join('\n');
  for (const key of [KEY, WITHDRAWN]) expect(tells(written, key)).toBe(false);
}, 600_000);

test('OPS_TOKEN, right or wrong, is in no response of the ops listener and in no log line', async () => {
  const paths = [
    '/',
    '/readyz',
    '/metrics',
    '/admin/accounts',
    '/admin/lists/wx_1',
    `/${OPS_TOKEN}`,
  ];
  for (const path of paths) {
    for (const shown of [OPS_TOKEN, `${OPS_TOKEN}x`]) {
      const lines = ['Host: localhost', `Authorization: Bearer ${shown}`, `X-Request-Id: ${shown}`];
      const head = [`GET ${path} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n');

      expect(tells(await readableExchange(gateway.opsUrl, head), OPS_TOKEN)).toBe(false);
    }
  }
  expect(tells(tap.lines.join('\n'), OPS_TOKEN)).toBe(false);
});
