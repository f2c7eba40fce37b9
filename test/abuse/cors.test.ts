/**
 * CORS gives a browser at an origin that is not listed nothing, whatever it requests and however it is refused.
 *
 * Before the key is known, in a preflight and in refusals, every origin that any client lists is allowed. That reveals
 * nothing: such a response contains no account's data, only what callers without a browser get, and browsers attach no
 * key themselves, because credentials are never allowed. With another client's key, the same origin gets nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashKey } from '../../src/settings/clients.ts';
import { budget } from '../support/budget.ts';
import { type RawAnswer, rawRequest } from '../support/raw-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const CRM = 'https://crm.example.com';
const SHOP = 'http://shop.example.com:8080';
const LISTED = [CRM, SHOP];

const NOT_LISTED = [
  'null',
  '',
  '*',
  'https://example.com',
  'https://evil.test',
  'https://xcrm.example.com',
  'https://sub.crm.example.com',
  'https://crm.example.com.evil.test',
  'https://crm.example.comevil.test',
  'https://crm-example.com',
  'https://crmxexample.com',
  'https://CRM.example.com',
  'HTTPS://crm.example.com',
  'http://crm.example.com',
  'https://crm.example.com:443',
  'https://crm.example.com:8443',
  'https://crm.example.com/',
  'https://crm.example.com/x',
  'https://crm.example.com.',
  'https://crm.example.com@evil.test',
  'https://evil.test#https://crm.example.com',
  'https://crm.example.com, https://evil.test',
  'https://crm.example.com https://evil.test',
  'https://crm.example.com%60.evil.test',
  'https://crm.example.com_.evil.test',
  '//crm.example.com',
  'crm.example.com',
  'http://shop.example.com',
  'http://shop.example.com:80801',
  'http://localhost',
  'http://127.0.0.1',
  'file://',
  'chrome-extension://abcdefghijklmnop',
];

let gateway: TestGateway;
beforeAll(async () => {
  const client = (name: string, more: object) => ({
    [name]: { keys: [`sha256:${hashKey(`key-of-${name}`)}`], ...more },
  });
  gateway = await startGateway({
    clients: JSON.stringify({
      clients: {
        ...client('crm', { origins: [CRM] }),
        ...client('shop', { origins: [SHOP] }),
        ...client('slow', { origins: [CRM], requestsPerMinute: 1 }),
      },
    }),
  });
});
afterAll(() => gateway.stop());

interface Request {
  readonly method?: string;
  readonly target?: string;
  readonly lines?: readonly string[];
  readonly body?: string;
}

function send(origins: readonly string[], request: Request, url = gateway.url): Promise<RawAnswer> {
  const { method = 'POST', target = '/contacts/search', lines = [] } = request;
  const { body = '{"appId":"wx_a"}' } = request;
  const head = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    'Connection: close',
    ...(lines.some((line) => /^content-type/i.test(line))
      ? []
      : ['Content-Type: application/json']),
    `Content-Length: ${body.length}`,
    ...origins.map((origin) => `Origin: ${origin}`),
    ...lines,
  ];
  return rawRequest(url, `${head.join('\r\n')}\r\n\r\n${body}`);
}

const corsHeaders = ({ headers }: RawAnswer) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')));

const asCrm = 'X-API-Key: key-of-crm';
const PREFLIGHT = [
  'Access-Control-Request-Method: POST',
  'Access-Control-Request-Headers: x-api-key, content-type',
  'Access-Control-Request-Private-Network: true',
];

/** Every way in which a request can end, by name. */
const REQUESTS: Readonly<Record<string, Request>> = {
  'a preflight': { method: 'OPTIONS', lines: PREFLIGHT },
  'a preflight of an address book': {
    method: 'OPTIONS',
    target: '/gewe/v2/api/contacts/fetchContactsList',
    lines: PREFLIGHT,
  },
  'a preflight with a key': { method: 'OPTIONS', lines: [...PREFLIGHT, asCrm] },
  'a preflight of nothing': { method: 'OPTIONS', target: '/nothing', lines: PREFLIGHT },
  'a good request': { lines: [asCrm] },
  'a request for a list': { target: '/contacts/fetchContactsList', lines: [asCrm] },
  'a request with a cookie': { lines: [asCrm, 'Cookie: a=b'] },
  'a request without a key': {},
  'a request with a wrong key': { lines: ['X-API-Key: no'] },
  'a request beyond its rate': { lines: ['X-API-Key: key-of-slow'] },
  'a request that is not allowed': { target: '/contacts/deleteFriend', lines: [asCrm] },
  'a form': { lines: ['Content-Type: text/plain', asCrm] },
  'a body that is no JSON': { lines: [asCrm], body: '{' },
  'a GET': { method: 'GET', lines: [asCrm] },
  'nothing that is there': { target: '/nothing', lines: [asCrm] },
  'a refusal in GEWE’s format': { lines: ['X-GEWE-TOKEN: no'] },
  'the health': { method: 'GET', target: '/healthz' },
  'the readiness': { method: 'GET', target: '/readyz' },
};

describe.each(Object.entries(REQUESTS))('%s', (_what, request) => {
  test('sends no CORS header to an origin that is not listed', async () => {
    for (const origin of NOT_LISTED) {
      expect([origin, corsHeaders(await send([origin], request))]).toEqual([origin, {}]);
    }
    expect(corsHeaders(await send([CRM, 'https://evil.test'], request))).toEqual({});
    expect(corsHeaders(await send(['https://evil.test', CRM], request))).toEqual({});
  });

  test('allows a listed origin by its own name only, without credentials, and sends Vary: Origin', async () => {
    for (const origins of [[], ...LISTED.map((origin) => [origin])]) {
      const answer = await send(origins, request);
      const { 'access-control-allow-origin': allowed, ...others } = corsHeaders(answer);
      expect([undefined, ...origins]).toContain(allowed);
      if (allowed === undefined) expect(others).toEqual({});
      expect(others).not.toHaveProperty('access-control-allow-credentials');
      expect(others).not.toHaveProperty('access-control-allow-private-network');
      expect(Object.values(others).join()).not.toContain('*');
      // /healthz is the same for every origin; all other responses may differ (Fetch standard, CORS protocol and HTTP
      // caches).
      if (request.target?.endsWith('z') !== true) {
        expect(answer.headers.get('vary')).toMatch(/(^|, )Origin(,|$)/);
      }
    }
  });
});

test('a request from an origin that only another client lists is refused without CORS headers', async () => {
  for (const what of [
    'a good request',
    'a request for a list',
    'a form',
    'a body that is no JSON',
  ]) {
    const answer = await send([SHOP], REQUESTS[what] ?? {});
    expect([what, answer.status, corsHeaders(answer)]).toEqual([what, 403, {}]);
    expect(answer.body.toString()).toContain('origin-not-allowed');
  }
  expect(gateway.simulator.calls.map(({ headers }) => headers['origin'])).not.toContain(SHOP);
});

test('the ops listener sends no CORS header to any origin', async () => {
  for (const origin of [...NOT_LISTED, ...LISTED, gateway.opsUrl]) {
    for (const method of ['OPTIONS', 'GET', 'PUT', 'DELETE']) {
      const request = { method, target: '/admin/accounts/wx_a', lines: PREFLIGHT };
      expect(corsHeaders(await send([origin], request, gateway.opsUrl))).toEqual({});
    }
  }
});

test('an origin derived from a listed one is not accepted', async () => {
  const text = fc.string({ unit: fc.constantFrom(...'.:/@-_%*aAxX1 8'), maxLength: 3 });
  const made = fc
    .tuple(fc.constantFrom(...LISTED), fc.nat({ max: 30 }), fc.nat({ max: 3 }), text)
    .map(([listed, at, cut, put]) => listed.slice(0, at) + put + listed.slice(at + cut))
    // White space around a value is no part of it (RFC 9110 section 5.5).
    .filter((origin) => !LISTED.includes(origin.trim()));
  await fc.assert(
    fc.asyncProperty(made, fc.constantFrom(...Object.values(REQUESTS)), async (origin, request) => {
      expect(corsHeaders(await send([origin], request))).toEqual({});
    }),
    { numRuns: budget(200, 10_000) },
  );
}, 600_000);
