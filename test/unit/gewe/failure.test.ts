import { expect, test } from '@jest/globals';
import { outcomeOfError } from '../../../src/gewe/failure.ts';

const error = (code: string, syscall?: string) => Object.assign(new Error(code), { code, syscall });

test.each([
  ['ECONNREFUSED', 'connect'],
  ['EHOSTUNREACH', 'connect'],
  ['ETIMEDOUT', 'connect'],
  ['ENOTFOUND', 'getaddrinfo'],
  ['UND_ERR_CONNECT_TIMEOUT', undefined],
  // Several addresses were tried, each in vain.
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
  ['EPROTO', undefined],
])('%s by %s does not prove that nothing was sent', (code, syscall) => {
  expect(outcomeOfError(error(code, syscall))).toMatchObject({ kind: 'unreachable', sent: true });
});

test('an abort, whose code is a number, is no crash', () => {
  expect(outcomeOfError(new DOMException('aborted', 'AbortError'))).toMatchObject({ sent: true });
});
