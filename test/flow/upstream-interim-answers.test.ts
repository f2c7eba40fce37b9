/** Interim responses (1xx) precede the final one (RFC 9110 section 15.2), which counts if it can be read. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { askList } from '../support/lists.ts';
import { GOOD_LIST, startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';
const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';

let upstream: RawUpstream;
let gateway: TestGateway;
let accounts = 0;
let appId: string;

beforeAll(async () => {
  upstream = await startRawUpstream();
  gateway = await startGateway({
    policy: TRUSTING,
    env: { GEWE_BASE_URL: upstream.baseUrl, LIST_DEADLINE_MS: '30000' },
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** From now on, the requests of a new account get these bytes. */
function answers(bytes: string): void {
  appId = `wx_${++accounts}`;
  upstream.behave(appId, (socket) => void socket.write(bytes));
}

const ask = (operation: string) =>
  httpCall(gateway.url, {
    path: `/contacts/${operation}`,
    headers: GOOD_HEADERS,
    body: JSON.stringify(addBody(appId)),
  });
const whyOf = (operation: string) =>
  gateway.log
    .filter((line) => line['msg'] === 'upstream call failed' && line['operation'] === operation)
    .at(-1)?.['why'];

describe.each([
  ['102', PROCESSING],
  ['103', EARLY_HINTS],
  ['102 and two 103', PROCESSING + EARLY_HINTS + EARLY_HINTS],
])('the final response after %s', (_statuses, interim) => {
  test.each(['search', 'setFriendRemark', 'fetchContactsListCache', 'addContacts'])(
    'is returned to the caller of %s',
    async (operation) => {
      answers(interim + wire(GOOD_LIST));

      const answer = await ask(operation);

      expect([answer.status, answer.body.toString()]).toEqual([200, GOOD_LIST]);
    },
  );

  test('is returned to the caller of fetchContactsList', async () => {
    answers(interim + wire(GOOD_LIST));

    const answer = await askList(gateway, appId);

    expect(answer.headers['x-gateway-source']).toBe('live');
    expect(answer.body.toString()).toBe(GOOD_LIST);
  });
});

// undici closes the connection on an unexpected 100, and on any 101.
describe.each([
  ['100 Continue', CONTINUE + wire(GOOD_LIST)],
  ['101 Switching Protocols', SWITCHING],
])('an interim response of %s, after which nothing can be read,', (name, bytes) => {
  const why = `an interim answer (${name}) that the gateway cannot read past`;

  test('gives fetchContactsList the saved list with upstream-invalid, and is named in the log', async () => {
    answers(wire(GOOD_LIST));
    await askList(gateway, appId);
    upstream.behave(appId, (socket) => void socket.write(bytes));

    const answer = await askList(gateway, appId);

    expect(answer.headers['x-gateway-source']).toBe('saved');
    expect(answer.headers['cache-status']).toContain('detail=upstream-invalid');
    expect(answer.body.toString()).toBe(GOOD_LIST);
    expect(whyOf('fetchContactsList')).toBe(why);
  });

  test('is a refusal of fetchContactsList that names it if no list is saved', async () => {
    answers(bytes);
    const { status, body } = await askList(gateway, appId);
    expect([status, JSON.parse(body.toString())]).toMatchObject([
      502,
      { code: 'upstream-invalid', detail: expect.stringContaining(why) },
    ]);
  });

  test.each(['search', 'setFriendRemark', 'fetchContactsListCache', 'addContacts'])(
    'is a refusal of %s that names it',
    async (operation) => {
      answers(bytes);

      const answer = await ask(operation);

      expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-invalid']);
      expect(answer.json()['detail']).toContain(`(${name})`);
    },
  );
});
