import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { operationOf } from '../../../src/steps/resolve-route.ts';
import { readJsonObject } from '../../../src/http/json-object.ts';

describe('operationOf', () => {
  test.each([
    ['/contacts/search', 'search'],
    ['/v2/api/contacts/search', 'search'],
    ['/gewe/v2/api/contacts/a1B2', 'a1B2'],
    ['/contacts/search?x=/contacts/other', 'search'],
    ['//v2//api//contacts//search/', 'search'],
    ['/contacts/search/?x', 'search'],
  ])('reads %s as %s', (target, operation) => {
    expect(operationOf(target)).toBe(operation);
  });

  test.each([
    '',
    '/contacts/search\n',
    '/contacts/search//',
    '/contacts/search/\n',
    '/gewe/contacts/search',
    '*',
    '?',
  ])('finds no operation in %j', (target) => {
    expect(operationOf(target)).toBeUndefined();
  });

  test('returns a name that is in the target, or nothing', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        const operation = operationOf(`/contacts/${tail}`);
        if (operation === undefined) return;
        expect(operation).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
        expect(tail.replace(/^\//, '').replace(/\/?(\?.*)?$/s, '')).toBe(operation);
      }),
    );
  });
});

describe('readJsonObject', () => {
  const read = (text: string) => readJsonObject(Buffer.from(text));

  test.each([
    ['', 'The body is empty. Send a JSON object.'],
    [' \r\n\t', 'The body is empty. Send a JSON object.'],
    ['\ufeff{}', 'The body begins with a byte order mark. Send it without.'],
    ['{"a":1', 'The body is not valid JSON: the fault is at line 1, column 7.'],
    ['{"a":', 'The body is not valid JSON: it ends too early.'],
    ['{"a":1,}', 'The body is not valid JSON: the fault is at line 1, column 8.'],
    [
      '{\n "appId": "a"\n "b": 1 }',
      'The body is not valid JSON: the fault is at line 3, column 2.',
    ],
    ["{'a':1}", 'The body is not valid JSON: the fault is at line 1, column 2.'],
    ['{"a":"secret\n"}', 'The body is not valid JSON: the fault is at line 1, column 13.'],
    ['{"a":secret}', 'The body is not valid JSON.'],
    ['secret (line 7 column 7)', 'The body is not valid JSON.'],
  ])('describes the fault of %j without repeating it', (text, why) => {
    expect(read(text)).toEqual({ kind: 'not-json', why });
  });

  test('reports bytes that are not UTF-8', () => {
    expect(readJsonObject(Buffer.from('{"a":"\xe9"}', 'latin1'))).toEqual({
      kind: 'not-json',
      why: 'The body is not valid UTF-8.',
    });
  });

  test.each([
    ['{"a":1,"b":{"a":2}}', 'object'],
    ['{"a":"\\"b\\":","b":1}', 'object'],
    ['{"a":"{,}[","b":1}', 'object'],
    ['{"a":["a","a"],"b":1}', 'object'],
    ['{"a":{"x":1,"x":2}}', 'object'],
    ['{"a":1,"A":2}', 'object'],
    ['{"a\\\\":1,"a":2}', 'object'],
    ['{}', 'object'],
    ['{"a":1,"\\u0061":2}', 'duplicate-key'],
    ['{"a":{},"b":[{}],"a":2}', 'duplicate-key'],
    ['{"":1,"":2}', 'duplicate-key'],
    ['{"\\ud83d\\ude00":1,"😀":2}', 'duplicate-key'],
    ['{"/":1,"\\/":2}', 'duplicate-key'],
    ['{"a":"\\\\","a":2}', 'duplicate-key'],
    ['[]', 'not-an-object'],
    ['null', 'not-an-object'],
    ['{"a":NaN}', 'not-json'],
    ['\ufeff{}', 'not-json'],
  ])('reads %s as %s', (text, kind) => {
    expect(read(text).kind).toBe(kind);
  });

  const spelledKey = fc
    .tuple(fc.constantFrom('a', 'b', 'appId', '"', '\\', '名', ''), fc.boolean())
    .map(([key, escape]) => ({
      key,
      spelled: escape
        ? `"${[...key].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(key),
    }));

  test('finds a duplicate key wherever a naive scan of the members finds one', () => {
    const members = fc.array(fc.tuple(spelledKey, fc.jsonValue(), fc.constantFrom('', ' ', '\n')));
    fc.assert(
      fc.property(members, (all) => {
        const text = `{${all.map(([{ spelled }, value, space]) => `${space}${spelled}${space}:${JSON.stringify(value)}`).join(',')}}`;
        const keys = all.map(([{ key }]) => key);
        const isTwice = new Set(keys).size < keys.length;

        const reading = read(text);

        expect(reading.kind).toBe(isTwice ? 'duplicate-key' : 'object');
        if (reading.kind === 'object') expect(reading.value).toEqual(JSON.parse(text));
      }),
    );
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) => {
        readJsonObject(Buffer.from(bytes));
      }),
    );
  });

  test.each(['x', '\\n', '\\\\', '\\"'])('reads a string of 32 MB of %j', (piece) => {
    const text = `{"a":"${piece.repeat((32 * 1024 * 1024) / piece.length)}","b":1}`;

    expect(read(text).kind).toBe('object');
  });
});
