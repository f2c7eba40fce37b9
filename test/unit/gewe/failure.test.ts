import { expect, test } from '@jest/globals';
import { outcomeOfError } from '../../../src/gewe/failure.ts';

const error = (fields: object) => Object.assign(new Error('a failure'), fields);

test.each([true, false])('a connection that fails is unreachable, sent or not (%s)', (sent) => {
  const cause = error({ code: 'ECONNRESET', syscall: 'read' });
  expect(outcomeOfError(cause, sent)).toEqual({ kind: 'unreachable', sent, cause });
});

test.each([
  { code: 'HPE_INVALID_CONSTANT' },
  { code: 'HPE_HEADER_OVERFLOW' },
  { code: 'UND_ERR_HEADERS_OVERFLOW' },
  { code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' },
  // undici has no code for this one.
  { name: 'HTTPParserError' },
])('an answer that is not HTTP (%j) is invalid', (fields) => {
  expect(outcomeOfError(error(fields), true).kind).toBe('invalid');
});

test.each([
  ['bad response', '100 Continue', 100],
  ['bad upgrade', '101 Switching Protocols', 101],
])('an interim answer at which undici gives up (%s) is named', (message, name, status) => {
  const outcome = outcomeOfError(error({ code: 'UND_ERR_SOCKET', message }), true);
  expect(outcome).toMatchObject({ kind: 'invalid', status, why: expect.stringContaining(name) });
});
