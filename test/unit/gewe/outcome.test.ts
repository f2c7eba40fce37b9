import { describe, expect, test } from '@jest/globals';
import { isGoodList, outcomeOfError, readAnswer } from '../../../src/gewe/outcome.ts';

describe('readAnswer', () => {
  const read = (body: string | Buffer, other: object = {}) =>
    readAnswer({
      status: 200,
      contentType: 'application/json',
      contentEncoding: undefined,
      body: Buffer.from(body),
      ...other,
    });

  test.each(['{"ret":200}', '{"ret":500,"msg":"x"}', '{}', '[]', 'null', '0', ' {"ret":200}\n'])(
    'accepts %s as a response, with its bytes unchanged',
    (body) => {
      const outcome = read(body);

      expect(outcome).toMatchObject({
        kind: 'answered',
        answer: { body: Buffer.from(body), json: JSON.parse(body) },
      });
    },
  );

  test.each([
    ['a status below 200', '{}', { status: 199 }],
    ['a status from 300 on', '{}', { status: 300 }],
    ['a 5xx', '{"ret":200}', { status: 500 }],
    ['nothing', '', {}],
    ['HTML', '<html>', {}],
    ['half of it', '{"ret":200', {}],
    ['gzip', '{}', { contentEncoding: 'gzip' }],
    ['two encodings', '{}', { contentEncoding: 'identity, br' }],
  ])('refuses %s as invalid', (_what, body, other) => {
    expect(read(body, other).kind).toBe('invalid');
  });

  test.each<[string, number[], string]>([
    ['a cut emoji', [0xf0, 0x9f, 0x98], '\ufffd'],
    ['GBK', [...Buffer.from('d5c5c8fd', 'hex')], '\ufffd\ufffd\ufffd\ufffd'],
    ['surrogates as UTF-8', [...Buffer.from('eda0bdedb880', 'hex')], '\ufffd'.repeat(6)],
    ['Latin-1', [0xe9], '\ufffd'],
    ['a NUL in two bytes', [0xc0, 0x80], '\ufffd\ufffd'],
  ])('accepts %s inside a string, with the bytes unchanged', (_what, bytes, decoded) => {
    const text = Buffer.from(bytes);
    const body = Buffer.concat([Buffer.from('{"ret":200,"msg":"'), text, Buffer.from('"}')]);

    expect(read(body)).toMatchObject({
      kind: 'answered',
      answer: { body, json: { ret: 200, msg: decoded } },
    });
  });

  test('skips a byte order mark, with the bytes unchanged', () => {
    const body = Buffer.from('\ufeff{"ret":200}');

    expect(read(body)).toMatchObject({ kind: 'answered', answer: { body, json: { ret: 200 } } });
  });

  test('refuses broken bytes outside of strings', () => {
    expect(read(Buffer.from('{"ret":200\xff}', 'latin1')).kind).toBe('invalid');
  });

  test.each(['identity', ' Identity ', ''])('treats the encoding %j as none', (contentEncoding) => {
    expect(read('{}', { contentEncoding }).kind).toBe('answered');
  });

  test.each([
    ['header:X-GEWE-TOKEN 不可为空', 500],
    ['HTTP HEADER: X-GEWE-TOKEN=abc 不可用或已过期', 500],
    ['HTTP HEADER: X-GEWE-TOKEN=abc 不可用或已过期', 401],
  ])('recognises a rejected token in %s (ret %d)', (msg, ret) => {
    expect(read(JSON.stringify({ ret, msg })).kind).toBe('token-rejected');
  });

  test.each([
    { ret: 200, msg: 'header:X-GEWE-TOKEN 不可为空' },
    { ret: 500, msg: 'you said: header:X-GEWE-TOKEN 不可为空' },
    { ret: 500, msg: 'header:X-GEWE-TOKENS' },
    { ret: 500, msg: '设备不存在' },
    { ret: 500, data: { msg: 'header:X-GEWE-TOKEN' } },
    { ret: 500, msg: ['header:X-GEWE-TOKEN'] },
  ])('does not recognise a rejected token in %j', (json) => {
    expect(read(JSON.stringify(json)).kind).toBe('answered');
  });
});

describe('outcomeOfError', () => {
  const error = (fields: object) => Object.assign(new Error('a failure'), fields);

  test.each([true, false])('a failed connection is unreachable, with sent: %s', (sent) => {
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
  ])('a response that is not HTTP (%j) is invalid', (fields) => {
    expect(outcomeOfError(error(fields), true).kind).toBe('invalid');
  });

  test.each([
    ['bad response', '100 Continue', 100],
    ['bad upgrade', '101 Switching Protocols', 101],
  ])('an interim response that makes undici give up (%s) is named', (message, name, status) => {
    const outcome = outcomeOfError(error({ code: 'UND_ERR_SOCKET', message }), true);
    expect(outcome).toMatchObject({ kind: 'invalid', status, why: expect.stringContaining(name) });
  });
});

describe('isGoodList', () => {
  const list = (data: unknown, ret: unknown = 200) => ({ ret, msg: '', data });
  const full = { friends: ['a'], chatrooms: ['b'], ghs: ['c'] };

  test.each([
    full,
    { friends: [], chatrooms: [], ghs: ['c'] },
    { friends: [], chatrooms: ['b'], ghs: [] },
    { ...full, more: 1 },
    { friends: ['a'], chatrooms: ['b'] },
    { friends: ['a'] },
    { friends: [], chatrooms: null, ghs: ['c'] },
    { friends: ['a'], chatrooms: null, ghs: null },
    { friends: [], ghs: ['c'] },
  ])('accepts %j', (data) => {
    expect(isGoodList(list(data))).toBe(true);
    expect(isGoodList(list(data, '200'))).toBe(true);
  });

  test.each([
    list(full, 500),
    list(full, '0200x'),
    list(full, '500'),
    list({ friends: [], chatrooms: [], ghs: [] }),
    list({ friends: [], chatrooms: null }),
    list({}),
    list([]),
    list('friends'),
    list(undefined, '200'),
    list({ ...full, friends: { '0': 'a' } }),
    list({ ...full, chatrooms: {} }),
    list({ ...full, friends: null }),
    list({ chatrooms: ['b'], ghs: ['c'] }),
    list({ ...full, ghs: {} }),
    list({ friends: [null], chatrooms: [''], ghs: [{}] }),
    list({ ...full, friends: { length: 1 } }),
    list([full]),
    list(null),
    list(undefined),
    { data: full },
    [],
    null,
    'ret',
  ])('refuses %j', (json) => {
    expect(isGoodList(json)).toBe(false);
  });
});
