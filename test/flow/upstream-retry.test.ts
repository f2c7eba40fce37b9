/** A kept connection that the upstream closes just when a request comes: a read is repeated once, a write never. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { callerWhoLeaves, GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { allRead, listBytes } from '../support/lists.ts';
import { startRawUpstream, wire, type Manner, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: RawUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startRawUpstream();
  gateway = await startGateway({
    policy: TRUSTING,
    env: { GEWE_BASE_URL: upstream.baseUrl, LIST_DEADLINE_MS: '30000' },
  });
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

const LOSSES: readonly (readonly [string, Manner])[] = [
  ['closes', (socket) => void socket.end()],
  ['resets', (socket) => void socket.resetAndDestroy()],
];
const GOOD = wire(listBytes('ann'), '200 OK', ['Connection: keep-alive']);
const answers: Manner = (socket) => void socket.write(GOOD);

/** Treats the requests of `wx_1` in these ways, in sequence. Returns the connections on which they came. */
function meets(...manners: readonly Manner[]): Socket[] {
  const sockets: Socket[] = [];
  upstream.behave('wx_1', (socket, call) => {
    const manner = manners[sockets.length];
    sockets.push(socket);
    manner?.(socket, call);
  });
  return sockets;
}

const ask = (operation: string) =>
  httpCall(gateway.url, {
    path: `/contacts/${operation}`,
    headers: GOOD_HEADERS,
    body: JSON.stringify(addBody('wx_1')),
  });

/** An addContacts without a minimum gap. */
const accept = () =>
  httpCall(gateway.url, {
    path: '/contacts/addContacts',
    headers: GOOD_HEADERS,
    body: JSON.stringify(addBody('wx_1', 'v3_ann', 3)),
  });

const READS = ['search', 'fetchContactsListCache', 'fetchContactsList'];
const WRITES = ['setFriendRemark', 'deleteFriend', 'whatGeweAddsTomorrow'];

describe.each(LOSSES)(
  'an upstream that %s a kept connection when a request comes',
  (_what, loses) => {
    test.each(READS)('gets %s a second time, on a new connection', async (operation) => {
      const sockets = meets(answers, loses, answers);
      await ask(operation);

      const answer = await ask(operation);

      expect([answer.status, answer.body.toString()]).toEqual([200, listBytes('ann')]);
      if (operation === 'fetchContactsList') {
        expect(answer.headers['x-gateway-source']).toBe('live');
      }
      const [first, second, third, ...more] = sockets;
      expect([second === first, third === first, more]).toEqual([true, false, []]);
    });

    test.each(WRITES)('gets %s only once', async (operation) => {
      const sockets = meets(answers, loses, answers);
      await ask('search');

      const answer = await ask(operation);

      expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-unreachable']);
      expect(answer.json()['detail']).toContain('may have been carried out');
      expect(sockets).toHaveLength(2);
      expect(sockets[1]).toBe(sockets[0]);
    });

    test('gets addContacts only once, and it stays charged', async () => {
      const sockets = meets(answers, loses, answers);
      await accept();

      const answer = await accept();

      expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-unreachable']);
      expect(answer.json()['detail']).toContain('may have been carried out');
      expect(answer.headers['ratelimit']).toContain('"accept-per-day";r=198;');
      expect(sockets).toHaveLength(2);
      expect(sockets[1]).toBe(sockets[0]);
    });

    test.each(READS)('and then the new one gets %s only twice', async (operation) => {
      const sockets = meets(answers, loses, loses, answers);
      await ask(operation);

      const answer = await ask(operation);

      expect(sockets).toHaveLength(3);
      if (operation === 'fetchContactsList') {
        expect(answer.headers['cache-status']).toContain('detail=upstream-unreachable');
      } else {
        expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-unreachable']);
      }
    });
  },
);

const isOf =
  (operation: string) =>
  (call: { operation: string }): boolean =>
    call.operation === `contacts/${operation}`;

test.each(READS)('%s is sent once if it was lost on a new connection', async (operation) => {
  meets(
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.resetAndDestroy(),
    answers,
  );

  const answer = await ask(operation);

  expect([answer.status, answer.json()['code']]).toEqual([502, 'upstream-unreachable']);
  expect(upstream.calls.filter(isOf(operation))).toHaveLength(1);
});

test.each(READS)('%s is sent once if a byte of its response came', async (operation) => {
  meets(answers, (socket) => socket.end('H'), answers);
  await ask(operation);

  await ask(operation);

  expect(upstream.calls.filter(isOf(operation))).toHaveLength(2);
});

test('a read whose caller has left is not repeated', async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<Socket>();
  const sockets = meets(answers, resolve, answers);
  await ask('search');
  const caller = callerWhoLeaves(gateway.url, {
    path: '/contacts/search',
    headers: GOOD_HEADERS,
    body: '{"appId":"wx_1"}',
  });
  const socket = await arrived;
  const closed = once(socket, 'close');

  await caller.leave();

  await closed;
  await allRead(gateway);
  expect(sockets).toHaveLength(2);
});

test('a repeated read ends at its deadline', async () => {
  await gateway.stop();
  gateway = await startGateway({
    env: { GEWE_BASE_URL: upstream.baseUrl, GEWE_TIMEOUT_MS: '500' },
  });
  const sockets = meets(
    answers,
    (socket) => void socket.end(),
    () => undefined,
  );
  await ask('search');

  const answer = await ask('search');

  expect([answer.status, answer.json()['code']]).toEqual([504, 'upstream-timeout']);
  expect(sockets).toHaveLength(3);
});
