/** Names that are not UTF-8 in an otherwise good response: every byte reaches the caller, live and saved. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { askList, ONLY_IF_CACHED, untilSaved } from '../support/lists.ts';
import { startGateway, TOKEN, type TestGateway } from '../support/start-gateway.ts';

const hex = (digits: string) => Buffer.from(digits, 'hex');
const NAMES: readonly (readonly [string, Buffer])[] = [
  ['a cut emoji', hex('f09f98')],
  ['GBK', hex('d5c5c8fd')],
  ['surrogates as UTF-8 (CESU-8)', hex('eda0bdedb880')],
];
const BYTE_ORDER_MARK = hex('efbbbf');

const around = (before: string, name: Buffer, after: string) =>
  Buffer.concat([Buffer.from(before), name, Buffer.from(after)]);
const listWith = (name: Buffer) =>
  around('{"ret":200, "data":{"friends":["ann","', name, '","bob"],"chatrooms":[],"ghs":[]}}');

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({
    policy: TRUSTING,
    env: { LIST_DEADLINE_MS: '30000', LIST_CACHE_DEADLINE_MS: '30000' },
  });
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway.stop());

const answers = (body: Buffer) => gateway.simulator.behave('*', { raw: { body } });
const call = (operation: string, body: object) =>
  httpCall(gateway.url, {
    path: `/contacts/${operation}`,
    headers: GOOD_HEADERS,
    body: JSON.stringify(body),
  });

describe.each([
  ...NAMES.map(([what, name]) => [what, listWith(name)] as const),
  ['a byte order mark', Buffer.concat([BYTE_ORDER_MARK, listWith(Buffer.from('张三'))])] as const,
])('a response with %s', (what, body) => {
  test.each(['search', 'getBriefInfo', 'fetchContactsListCache', 'setFriendRemark'])(
    'is passed on byte for byte for %s',
    async (operation) => {
      answers(body);

      const answer = await call(operation, { appId: 'wx_1' });

      expect([answer.status, answer.body]).toEqual([200, body]);
    },
  );

  test('is passed on byte for byte for addContacts', async () => {
    answers(body);

    const answer = await call('addContacts', addBody(`wx_${Buffer.from(what).toString('hex')}`));

    expect([answer.status, answer.body]).toEqual([200, body]);
  });

  test('is saved as a list and returned byte for byte', async () => {
    answers(body);
    const appId = `wx_${Buffer.from(what).toString('hex')}`;

    const live = await askList(gateway, appId);
    await untilSaved(gateway, appId, { bytes: body.length });
    const saved = await askList(gateway, appId, ONLY_IF_CACHED);

    expect([live.headers['x-gateway-source'], live.body]).toEqual(['live', body]);
    expect([saved.headers['x-gateway-source'], saved.body]).toEqual(['saved', body]);
  });
});

test.each(NAMES)('a token next to %s is redacted, and nothing else', async (_what, name) => {
  answers(around('{"ret":500,"msg":"', name, `${TOKEN}","data":null}`));

  const answer = await call('search', { appId: 'wx_1' });

  expect(answer.body).toEqual(around('{"ret":500,"msg":"', name, '***","data":null}'));
});

test.each(NAMES)('a token between two of %s is redacted in a list', async (what, name) => {
  const friend = (token: string) => Buffer.concat([name, Buffer.from(token), name]);
  answers(listWith(friend(TOKEN)));
  const appId = `wx_token_${Buffer.from(what).toString('hex')}`;

  const live = await askList(gateway, appId);
  await untilSaved(gateway, appId);
  const saved = await askList(gateway, appId, ONLY_IF_CACHED);

  expect([live.body, saved.body]).toEqual([listWith(friend('***')), listWith(friend('***'))]);
});

test.each([
  ...NAMES.map(([what, name]) => [what, around('{"appId":"wx_1","x":"', name, '"}')] as const),
  ['a byte order mark', around('', BYTE_ORDER_MARK, '{"appId":"wx_1"}')] as const,
])("a caller's body with %s is refused with 400", async (_what, body) => {
  const answer = await httpCall(gateway.url, {
    path: '/contacts/search',
    headers: GOOD_HEADERS,
    body,
  });

  expect(answer.status).toBe(400);
  expect(gateway.simulator.calls).toHaveLength(0);
});
