import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient, type UpstreamCall, type UpstreamClient } from '../../../src/gewe/client.ts';
import type { Outcome } from '../../../src/gewe/outcome.ts';
import {
  startRawUpstream,
  wire,
  type Manner,
  type RawUpstream,
} from '../../support/raw-upstream.ts';

const TOKEN = 'tok-1';
const KINDS: readonly UpstreamCall['kind'][] = ['read', 'write', 'charged'];

let upstream: RawUpstream;
let client: UpstreamClient;

beforeEach(async () => {
  upstream = await startRawUpstream();
  client = createClient({
    geweBaseUrl: new URL(upstream.baseUrl),
    answerLimitBytes: 1_000_000,
    geweTimeoutMs: 30_000,
  });
});
afterEach(async () => {
  await client.close();
  await upstream.stop();
});

function call(kind: UpstreamCall['kind'], token = TOKEN): Promise<Outcome> {
  const body = Buffer.from('{"appId":"wx_1"}');
  const trace = { requestId: 'r-1', traceparent: undefined };
  return client.call({ path: 'contacts/search', body, trace, kind, deadlineMs: 60_000 }, token);
}

/** Treats the requests in these ways, in sequence. Resolves when the last of them has come. */
function meets(...manners: readonly Manner[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let met = 0;
  upstream.behave('wx_1', (socket, request) => {
    manners[met]?.(socket, request);
    met += 1;
    if (met === manners.length) resolve();
  });
  return promise;
}

const keeps: Manner = (socket) => {
  socket.write(wire('{"ret":200}', '200 OK', ['Connection: keep-alive']));
};
const begins: Manner = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ret":');
};

/** Resolves when the client has read the head of an answer. */
function headRead(): Promise<void> {
  return new Promise((resolve) => {
    const onHead = () => {
      unsubscribe('undici:request:headers', onHead);
      resolve();
    };
    subscribe('undici:request:headers', onHead);
  });
}

test.each(KINDS)(
  'close aborts a %s call in the middle of its response as aborted by the gateway',
  async (kind) => {
    void meets(begins);
    const read = headRead();
    const calling = call(kind);
    await read;

    await client.close();

    expect(await calling).toEqual({ kind: 'aborted', sent: true });
  },
);

test('close aborts a repeated read', async () => {
  const met = meets(
    keeps,
    (socket) => void socket.end(),
    () => undefined,
  );
  await call('read');
  // Only then is the connection free for the next call.
  await nextTurn();
  const calling = call('read');
  await met;

  await client.close();

  expect(await calling).toEqual({ kind: 'aborted', sent: true });
});

test.each(KINDS)('a %s call that cannot be started ends at once as not sent', async (kind) => {
  const outcome = await call(kind, 'no\nheader');

  expect(outcome).toMatchObject({ kind: 'unreachable', sent: false });
  expect(upstream.connections()).toBe(0);
});
