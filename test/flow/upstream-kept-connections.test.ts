/**
 * An upstream that answers twice, without a request, or on a connection that it is closing: no caller gets the response
 * of another.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { allRead, askList, listBytes, NO_FALLBACK, ONLY_IF_CACHED } from '../support/lists.ts';
import { rawPost } from '../support/raw-client.ts';
import { startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { KEY, startGateway, type TestGateway } from '../support/start-gateway.ts';

/*
 * HTTP/1.1 matches responses to requests only by their order on the connection (RFC 9112 section 9.2). So bytes that an
 * upstream sends on a kept connection without a request could be taken for the response to the next one: another
 * account's contacts. Both clients had this vulnerability: GHSA-35p6-xmwp-9g52 (undici) and CVE-2026-48931 (http.Agent
 * of Node).
 */

let upstream: RawUpstream;
let gateway: TestGateway;
/** The connections on which a request came, in that order. */
let sockets: Socket[];

beforeEach(async () => {
  upstream = await startRawUpstream();
  gateway = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });
  sockets = [];
});
afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

const KEPT = ['Connection: keep-alive'];
/** A good list whose only friend is the requesting account. */
const listOf = (appId: string) => wire(listBytes(appId), '200 OK', KEPT);

/** Answers `appId` on a connection that stays open, and sends `more` with it. */
function answerAndKeep(appId: string, more = ''): void {
  upstream.behave(appId, (socket) => {
    sockets.push(socket);
    socket.write(listOf(appId) + more);
  });
}

const OPERATIONS = {
  search: (appId: string) =>
    httpCall(gateway.url, {
      path: '/contacts/search',
      headers: GOOD_HEADERS,
      body: JSON.stringify({ appId }),
    }),
  fetchContactsList: (appId: string) => askList(gateway, appId, NO_FALLBACK),
};

describe.each(Object.entries(OPERATIONS))('%s on a kept connection', (operation, ask) => {
  // https://github.com/nodejs/node/issues/60187 and https://github.com/nodejs/undici/issues/756
  test('of two responses at once, the second does not reach the next caller', async () => {
    answerAndKeep('wx_1', listOf('wx_poison'));
    answerAndKeep('wx_2');

    expect((await ask('wx_1')).body.toString()).toBe(listBytes('wx_1'));
    expect((await ask('wx_2')).body.toString()).toBe(listBytes('wx_2'));
  });

  test('an unsolicited response closes the connection and reaches no caller', async () => {
    answerAndKeep('wx_1');
    answerAndKeep('wx_2');
    await ask('wx_1');
    const closed = once(sockets[0] as Socket, 'close');
    sockets[0]?.write(listOf('wx_poison'));
    await closed;

    expect((await ask('wx_2')).body.toString()).toBe(listBytes('wx_2'));
    expect(upstream.connections()).toBe(2);
  });

  test('an unsolicited response just before the next request is read reaches no caller', async () => {
    answerAndKeep('wx_1');
    answerAndKeep('wx_2');
    await ask('wx_1');
    await allRead(gateway);
    const caller = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    await once(caller, 'connect');
    await allRead(gateway);
    // Both are in the gateway's sockets when it reads, the caller's request first.
    caller.write(
      rawPost(
        `/contacts/${operation}`,
        ['Content-Type: application/json', `X-API-Key: ${KEY}`, 'Cache-Control: stale-if-error=0'],
        '{"appId":"wx_2"}',
      ),
    );
    sockets[0]?.write(listOf('wx_poison'));

    let answer = '';
    for await (const chunk of caller as AsyncIterable<Buffer>) answer += chunk.toString();
    expect(answer).toContain(listBytes('wx_2'));
    expect(answer).not.toContain('wx_poison');
  });

  test('a connection that the upstream closed meanwhile is not reused', async () => {
    answerAndKeep('wx_1');
    answerAndKeep('wx_2');
    await ask('wx_1');
    const closed = once(sockets[0] as Socket, 'close');
    sockets[0]?.end();
    await closed;

    expect((await ask('wx_2')).body.toString()).toBe(listBytes('wx_2'));
  });

  test('an intact connection is reused', async () => {
    answerAndKeep('wx_1');
    answerAndKeep('wx_2');
    await ask('wx_1');
    await ask('wx_2');

    expect(upstream.connections()).toBe(1);
  });
});

test('an unsolicited response is not saved as the list of the next account', async () => {
  answerAndKeep('wx_1', listOf('wx_poison'));
  answerAndKeep('wx_2');
  await askList(gateway, 'wx_1');
  await askList(gateway, 'wx_2');

  const saved = await askList(gateway, 'wx_2', ONLY_IF_CACHED);
  expect(saved.body.toString()).toBe(listBytes('wx_2'));
});
