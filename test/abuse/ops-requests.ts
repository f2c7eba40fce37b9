/** Requests to the ops listener as bytes, and checks that a refusal reveals nothing. */
import { expect } from '@jest/globals';
import { httpCall } from '../support/http-client.ts';
import { type RawAnswer, rawRequest } from '../support/raw-client.ts';
import type { TestGateway } from '../support/start-gateway.ts';

export const OPS_TOKEN = 'ops-token-of-this-test';
const ONLINE_SINCE = '2026-01-01T00:00:00.000Z';

/** For everybody to read. */
export const DOCS_TARGETS = ['/docs', '/openapi.json'];

/** Existing paths, future ones, missing ones, and other spellings of them. */
export const OPS_TARGETS = [
  '/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/admin',
  '/admin/accounts',
  '/admin/accounts?after=a',
  '/admin/accounts/wx_a',
  '/admin/accounts/wx_a/attempts',
  '/admin/actions',
  '/admin/clients',
  '/admin/lists/wx_a',
  '/admin/lists/%zz',
  ...DOCS_TARGETS,
  '/nothing',
  '/contacts/search',
  '//metrics',
  '/metrics/',
  '/%6detrics',
  '/healthz/../metrics',
  '/healthz;/../admin/accounts',
  `/metrics?access_token=${OPS_TOKEN}`,
  'http://localhost/metrics',
];

const LINES = ['Content-Type: application/json', 'Connection: close'];
const BODY = '{"onlineSince":"2020-01-01T00:00:00Z"}';

/** With a method that has a body, the body would change since when an account is online. */
export function sendOps(url: string, method: string, target: string, lines: readonly string[]) {
  const head = [`${method} ${target} HTTP/1.1`, ...lines, ...LINES];
  return rawRequest(
    url.replace('0.0.0.0', '127.0.0.1'),
    [...head, `Content-Length: ${BODY.length}`, '', BODY].join('\r\n'),
  );
}

const CODES = {
  401: 'unauthenticated',
  403: 'origin-not-allowed',
  421: 'misdirected-request',
} as const;

/** Expects the same refusal for every request. */
export function expectClosed(
  answer: RawAnswer,
  method: string,
  status: keyof typeof CODES = 401,
): void {
  expect(answer.status).toBe(status);
  expect([...answer.headers.keys()].join()).not.toContain('access-control');
  if (method === 'HEAD') return;
  const { code, detail } = JSON.parse(answer.body.toString()) as Record<string, string>;
  expect(code).toBe(CODES[status]);
  expect(detail).not.toMatch(/admin|metrics|wx_a/);
}

/** Declares an account and saves its list, which an accepted request could change or delete. */
export async function leaveSomething(gateway: TestGateway, headers: Record<string, string>) {
  const { opsUrl } = gateway;
  await gateway.post('fetchContactsList', { appId: 'wx_a' }).expect(200);
  const declared = await httpCall(opsUrl, {
    method: 'PUT',
    path: '/admin/accounts/wx_a',
    headers: { 'Content-Type': 'application/json', Origin: opsUrl, ...headers },
    body: JSON.stringify({ onlineSince: ONLINE_SINCE }),
  });
  expect(declared.status).toBe(200);
}

/** Expects the data of `leaveSomething`, unchanged. */
export async function expectItIsThere({ opsUrl }: TestGateway, headers: Record<string, string>) {
  const ask = (path: string) => httpCall(opsUrl, { method: 'GET', path, headers });
  expect((await ask('/admin/accounts/wx_a')).json()['onlineSince']).toBe(ONLINE_SINCE);
  expect((await ask('/admin/lists/wx_a')).status).toBe(200);
}
