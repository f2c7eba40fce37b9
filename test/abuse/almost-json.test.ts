/** A body that only some parsers accept as JSON is not forwarded, and whatever is forwarded is declared as JSON. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { rawPost, rawRequest } from '../support/raw-client.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway.stop());

const WELL = '{"appId":"wx_a","option":4}';
/** A body with these bytes in a string. */
const within = (...bytes: number[]) =>
  Buffer.concat([
    Buffer.from('{"appId":"wx_a","option":4,"x":"'),
    Buffer.from(bytes),
    Buffer.from('"}'),
  ]);

test.each<[string, string | Buffer]>([
  ['a byte order mark', `\ufeff${WELL}`],
  ['UTF-16', Buffer.from(WELL, 'utf16le')],
  ['UTF-16 with its mark', Buffer.from(`\ufeff${WELL}`, 'utf16le')],
  ['UTF-16, high byte first', Buffer.from(WELL, 'utf16le').swap16()],
  ['an overlong quote', within(0xc0, 0xa2)],
  ['an overlong NUL', within(0xc0, 0x80)],
  ['a surrogate in UTF-8', within(0xed, 0xa0, 0x80)],
  ['a character beyond Unicode', within(0xf4, 0x90, 0x80, 0x80)],
  ['half a character', within(0xe5, 0xbe)],
  ['Latin-1', within(0xe9)],
  ['a NUL in a string', within(0)],
  ['a NUL at the end', `${WELL}\0`],
  ['a NUL and another body', `${WELL}\0{"appId":"wx_a","option":2}`],
  ['a comma too many', '{"appId":"wx_a","option":4,}'],
  ['a comment', '{"appId":"wx_a","option":4/*,"option":2*/}'],
  ['a comment to the end of the line', '{"appId":"wx_a",//"option":2,\n"option":4}'],
  ['NaN', '{"appId":"wx_a","option":4,"x":NaN}'],
  ['-Infinity', '{"appId":"wx_a","option":4,"x":-Infinity}'],
  ['single quotes', "{'appId':'wx_a','option':4}"],
  ['no quotes', '{appId:"wx_a",option:4}'],
  ['an escape of JavaScript', '{"\\x61ppId":"wx_a","option":4}'],
  ['a zero in front', '{"appId":"wx_a","option":04}'],
  ['a white space of another alphabet', `{"appId":"wx_a",\u00a0"option":4}`],
])('%s is not JSON in UTF-8 and is refused', async (_, body) => {
  const answer = await httpCall(gateway.url, {
    path: '/contacts/addContacts',
    headers: GOOD_HEADERS,
    body,
  });
  expect([answer.status, answer.json()['code']]).toEqual([400, 'invalid-json']);
  expect(gateway.simulator.calls).toEqual([]);
});

const JSON_TYPE = 'Content-Type: application/json';

test.each([
  [200, [`${JSON_TYPE};charset=UTF-8`]],
  [200, [JSON_TYPE, 'Content-Type: text/plain; charset=utf-16']],
  [200, [`${JSON_TYPE}; charset=utf-8; charset=utf-16`]],
  [200, [`${JSON_TYPE}; x="; charset=utf-8"; charset=utf-16`]],
  [415, [`${JSON_TYPE}; charset=utf-16`]],
  [415, [`${JSON_TYPE}; charset=utf-7`]],
  [415, [`${JSON_TYPE}, text/plain`]],
  [415, ['Content-Type: text/plain', JSON_TYPE]],
  [415, ['Content-Type: text/plain, application/json']],
  [415, ['Content-Type: text/plain; x=application/json']],
])(
  '%i for the headers %j, and no Content-Type but application/json reaches the upstream',
  async (status, headers) => {
    const body = '{"appId":"wx_a"}';
    const request = rawPost('/contacts/search', [`X-API-Key: ${KEY}`, ...headers], body);
    expect((await rawRequest(gateway.url, request)).status).toBe(status);
    const told = gateway.simulator.calls.map((call) => [
      call.headers['content-type'],
      call.body.toString(),
    ]);
    expect(told).toEqual(status === 200 ? [['application/json', body]] : []);
  },
);
