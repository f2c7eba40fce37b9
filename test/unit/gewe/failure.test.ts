import { expect, test } from '@jest/globals';
import { outcomeOfError } from '../../../src/gewe/failure.ts';

const error = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });

test.each([
  ['ECONNREFUSED', 'connect'],
  ['EHOSTUNREACH', 'connect'],
  ['ETIMEDOUT', 'connect'],
  ['ECONNRESET', 'connect'],
  ['EADDRNOTAVAIL', 'connect'],
  ['EACCES', 'connect'],
  ['EPERM', 'connect'],
  ['EMFILE', 'connect'],
  ['ENETDOWN', 'connect'],
  ['EADDRNOTAVAIL', 'bind'],
  ['ENOTFOUND', 'getaddrinfo'],
  ['EAI_FAIL', 'getaddrinfo'],
  ['ENOMEM', 'getaddrinfo'],
  ['ERR_SOCKET_CONNECTION_TIMEOUT', undefined],
  ['UND_ERR_CONNECT_TIMEOUT', undefined],
  ['ECONNREFUSED', undefined],
])('%s by %s proves that nothing was sent', (code, syscall) => {
  expect(outcomeOfError(error(code, syscall))).toMatchObject({ kind: 'unreachable', sent: false });
});

test.each([
  ['ECONNRESET', 'read'],
  ['EPIPE', 'write'],
  // A route that is lost later says the same as one that never was.
  ['EHOSTUNREACH', 'read'],
  ['ENETUNREACH', 'write'],
  ['EADDRNOTAVAIL', 'write'],
  // Only an address or a syscall tells where these come from.
  ['EHOSTUNREACH', undefined],
  ['ETIMEDOUT', undefined],
  ['EACCES', undefined],
  ['EPROTO', undefined],
])('%s by %s does not prove that nothing was sent', (code, syscall) => {
  expect(outcomeOfError(error(code, syscall))).toMatchObject({ kind: 'unreachable', sent: true });
});

test('an answer that is not HTTP is invalid, also if undici has no code for it', () => {
  const cause = Object.assign(new Error('Expected HTTP/'), { name: 'HTTPParserError' });
  expect(outcomeOfError(cause)).toMatchObject({ kind: 'invalid' });
});

/** As Node makes it: the code is the first one's, and there is no syscall. */
const ofAddresses = (...errors: { code?: unknown }[]) =>
  Object.assign(new AggregateError(errors), { code: errors[0]?.code });
const DROPPED = error('ETIMEDOUT', 'connect');
const REFUSED = error('ECONNREFUSED', 'connect');
const ROUTELESS = error('ENETUNREACH', 'connect');
const BROKEN_OFF = error('ECONNRESET', 'read');

test.each([
  ['the first drops what it gets', ofAddresses(DROPPED, REFUSED)],
  ['the last drops what it gets', ofAddresses(REFUSED, DROPPED)],
  ['there is no way to one of them', ofAddresses(ROUTELESS, DROPPED, REFUSED)],
  ['it has names within names', ofAddresses(ofAddresses(DROPPED, ROUTELESS), REFUSED)],
])('of several addresses no connection was made, where %s', (_what, cause) => {
  expect(outcomeOfError(cause)).toEqual({ kind: 'unreachable', sent: false, cause });
});

test.each([
  ['a connection was made and lost', ofAddresses(REFUSED, BROKEN_OFF)],
  ['the first connection was lost', ofAddresses(BROKEN_OFF, REFUSED)],
  ['one is lost within another', ofAddresses(REFUSED, ofAddresses(REFUSED, BROKEN_OFF))],
  ['nothing is known of them', Object.assign(ofAddresses(), { code: 'ECONNREFUSED' })],
])('of several addresses nothing is proven, where %s', (_what, cause) => {
  expect(outcomeOfError(cause)).toEqual({ kind: 'unreachable', sent: true, cause });
});

test('an abort, whose code is a number, is no crash', () => {
  expect(outcomeOfError(new DOMException('aborted', 'AbortError'))).toMatchObject({ sent: true });
});
