import { expect, test } from '@jest/globals';
import type { Outcome } from '../../../src/gewe/outcome.ts';
import { whyFailed } from '../../../src/gewe/why-failed.ts';

type Failure = Exclude<Outcome, { kind: 'answered' }>;

const unreachable = (message: string, fields: object): Failure => ({
  kind: 'unreachable',
  sent: false,
  cause: Object.assign(new Error(message), fields),
});
const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}:2531`), {
    code: 'ECONNREFUSED',
    address,
    port: 2531,
  });

test.each<[string, Failure]>([
  ['no answer within 30000 ms', { kind: 'timeout' }],
  ['HTTP status 502', { kind: 'invalid', why: 'HTTP status 502', status: 502 }],
  ['the upstream rejects the token', { kind: 'token-rejected' }],
  ['its caller left, or the gateway stops', { kind: 'aborted', sent: true }],
  ['ECONNREFUSED 10.0.0.1:2531', { kind: 'unreachable', sent: false, cause: refused('10.0.0.1') }],
  [
    'ECONNREFUSED [::1]:2531, ECONNREFUSED 127.0.0.1:2531',
    {
      kind: 'unreachable',
      sent: false,
      cause: new AggregateError([refused('::1'), refused('127.0.0.1'), refused('127.0.0.1')]),
    },
  ],
  [
    'ENOTFOUND gewe.example',
    unreachable('getaddrinfo ENOTFOUND gewe.example', {
      code: 'ENOTFOUND',
      hostname: 'gewe.example',
    }),
  ],
  [
    'UND_ERR_SOCKET: other side closed',
    unreachable('other side closed', { code: 'UND_ERR_SOCKET' }),
  ],
  ['one line', unreachable('one line\nof a stack', {})],
  [`${'x'.repeat(199)}…`, unreachable('x'.repeat(500), {})],
])('%s', (why, outcome) => {
  expect(whyFailed(outcome, 30_000)).toBe(why);
});
