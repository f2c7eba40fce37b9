/**
 * Slow callers (Slowloris): the real app behind a listener with short timeouts, and in `npm run test:long` with its own
 * timeouts.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createListener, PATIENCE, type Listener } from '../../src/listener/listener.ts';
import { isLong } from '../support/budget.ts';
import { createLogTap } from '../support/log-tap.ts';
import { openRaw, type RawCaller } from '../support/raw-client.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { BODY, call, chunked, LAST } from './corpus/requests.ts';

const SHORT = { headersMs: 400, requestMs: 600, checkEveryMs: 25, idleMs: 100, unreadMs: 1000 };
const patience = isLong ? PATIENCE : SHORT;
/** What a loaded machine may need beyond the timeout. */
const MARGIN_MS = 60_000;
const TEST_MS = 2 * patience.unreadMs + patience.requestMs + 3 * MARGIN_MS;

const log = createLogTap();
let gateway: TestGateway;
let listeners: readonly Listener[];
let url: string;
/** A gateway with a short timeout for headers only. */
let headersUrl: string;
/** A gateway with short timeouts in the long run, too. */
let shortUrl: string;
beforeAll(async () => {
  gateway = await startGateway({ overrides: { logTo: log.logTo } });
  const { app } = gateway.gateway;
  const unheard = () => undefined;
  const all = createListener(app, unheard, patience);
  const headersOnly = createListener(app, unheard, { ...patience, requestMs: 600_000 });
  const short = createListener(app, unheard, SHORT);
  listeners = [all, headersOnly, short];
  url = await all.listen(0, '127.0.0.1');
  headersUrl = await headersOnly.listen(0, '127.0.0.1');
  shortUrl = await short.listen(0, '127.0.0.1');
});
let drips: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const drip of drips) clearInterval(drip);
  drips = [];
  gateway.simulator.reset();
});
afterAll(async () => {
  for (const listener of listeners) {
    listener.end();
    await listener.drain(0);
  }
  await gateway.stop();
});

/** Writes this repeatedly, without an end. */
function drip({ socket }: RawCaller, pieces: string): void {
  let at = 0;
  const one = () => socket.write(pieces[at++ % pieces.length] ?? '');
  drips.push(setInterval(() => socket.writable && one(), 20));
}

/** Resolves to the statuses of all responses until the gateway closes the connection. A valid call is served meanwhile. */
async function ending(caller: RawCaller, withinMs: number): Promise<number[]> {
  const good = openRaw(gateway.url);
  good.socket.write(LAST);
  await good.closed();
  expect(good.answers().map(({ status }) => status)).toEqual([200]);

  await caller.closed(withinMs + MARGIN_MS);
  const answers = caller.answers();
  for (const { headers } of answers) expect(headers.get('x-request-id')).toBeDefined();
  return answers.map(({ status }) => status);
}

/** More than the buffers of both sockets hold. */
const LARGE = `{"ret":200,"pad":"${'x'.repeat(16_000_000)}"}`;

const headersEnd = patience.headersMs + patience.checkEveryMs;
const requestEnd = patience.requestMs + patience.checkEveryMs;
const headOf = (request: string) => request.slice(0, request.indexOf('\r\n\r\n') + 4);

describe('a caller', () => {
  test(
    'that sends nothing is ended with 408',
    async () => {
      expect(await ending(openRaw(headersUrl), headersEnd)).toEqual([408]);
    },
    TEST_MS,
  );

  test.each([
    ['headers byte by byte', 'X: y\r\n'],
    ['one header without an end', 'x'],
  ])(
    'that sends %s is ended with 408',
    async (_what, pieces) => {
      const caller = openRaw(headersUrl);
      caller.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\n');
      drip(caller, pieces);
      expect(await ending(caller, headersEnd)).toEqual([408]);
    },
    TEST_MS,
  );

  test(
    'that sends the headers of its second request byte by byte still gets its first response',
    async () => {
      const caller = openRaw(headersUrl);
      caller.socket.write(call());
      await caller.answered(1);
      caller.socket.write('GET /healthz HTTP/1.1\r\nX: ');
      drip(caller, 'x');
      expect(await ending(caller, headersEnd)).toEqual([200, 408]);
    },
    TEST_MS,
  );

  test(
    'that sends the headers of its second request byte by byte before its first response still gets that response',
    async () => {
      gateway.simulator.behave('wx_a', { delayMs: 2 * headersEnd });
      const caller = openRaw(headersUrl);
      caller.socket.write(call());
      await gateway.simulator.waitForCall(({ appId }) => appId === 'wx_a');
      caller.socket.write('GET /healthz HTTP/1.1\r\nX: ');
      drip(caller, 'x');
      gateway.simulator.behave('wx_a', []);
      expect(await ending(caller, 4 * headersEnd)).toEqual([200, 408]);
    },
    TEST_MS,
  );

  test(
    'that sends its body or its chunks byte by byte, or none of it, is ended with 408 and not forwarded',
    async () => {
      const attacks = [
        [headOf(call({ body: ' '.repeat(9999) })), '{ '],
        [chunked(''), '1\r\n{\r\n'],
        [headOf(call()), ''],
      ] as const;
      const endings = attacks.map(async ([start, pieces]) => {
        const caller = openRaw(url);
        caller.socket.write(start);
        if (pieces !== '') drip(caller, pieces);
        return ending(caller, requestEnd);
      });
      expect(await Promise.all(endings)).toEqual([[408], [408], [408]]);
      // The calls of the valid callers only.
      expect(gateway.simulator.calls.map(({ body }) => body.toString())).toEqual([
        BODY,
        BODY,
        BODY,
      ]);
    },
    TEST_MS,
  );

  test(
    'that keeps sending its body after its refusal is disconnected, without a second response',
    async () => {
      const attacks = [
        [401, headOf(call({ key: 'wrong', body: ' '.repeat(99_999) }))],
        [413, headOf(call({ body: ' '.repeat(9_999_999) }))],
        [413, chunked(`200000\r\n${' '.repeat(2 ** 21)}\r\n`)],
      ] as const;
      const endings = attacks.map(async ([status, start]) => {
        const caller = openRaw(url);
        caller.socket.write(start);
        expect((await caller.answered(1))[0]?.status).toBe(status);
        drip(caller, '1\r\n \r\n');
        return ending(caller, requestEnd);
      });
      expect(await Promise.all(endings)).toEqual([[401], [413], [413]]);
    },
    TEST_MS,
  );

  test(
    'that is idle after its response is disconnected without another response',
    async () => {
      const caller = openRaw(url);
      caller.socket.write(call());
      await caller.answered(1);
      expect(await ending(caller, patience.idleMs)).toEqual([200]);
    },
    TEST_MS,
  );

  test(
    'that reads nothing of a large response is disconnected, even if it keeps sending',
    async () => {
      const cases = [
        ['getDetailInfo', ''],
        ['getBriefInfo', '\r\n'],
        ['checkRelation', 'X: y\r\n'],
      ] as const;
      gateway.simulator.behave('wx_large', { raw: { body: LARGE } });
      await Promise.all(
        cases.map(async ([operation, pieces]) => {
          const caller = openRaw(url);
          caller.socket.pause();
          caller.socket.write(call({ operation, body: '{"appId":"wx_large"}' }));
          await gateway.simulator.waitForCall((one) => one.operation === `contacts/${operation}`);
          if (pieces !== '') drip(caller, pieces);
          const line = await log.waitFor(`"operation":"${operation}"`);
          // Without a status, because the response was not sent.
          expect(JSON.parse(line).status).toBeUndefined();
          caller.socket.destroy();
        }),
      );
    },
    TEST_MS,
  );

  test(
    'that waits for the second of two responses is not taken for one that reads nothing',
    async () => {
      gateway.simulator.behave('wx_late', { delayMs: 1.5 * SHORT.unreadMs });
      const caller = openRaw(shortUrl);
      caller.socket.write(call() + call({ body: '{"appId":"wx_late"}' }));
      const answers = await caller.answered(2);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      caller.socket.destroy();
    },
    TEST_MS,
  );

  test(
    'that reads a large answer slowly gets all of it',
    async () => {
      gateway.simulator.behave('wx_large', { raw: { body: LARGE } });
      const caller = openRaw(url);
      caller.socket.on('data', () => {
        caller.socket.pause();
        drips.push(setTimeout(() => caller.socket.resume(), 5));
      });
      caller.socket.write(call({ headers: ['Connection: close'], body: '{"appId":"wx_large"}' }));
      await caller.closed(TEST_MS);
      expect(caller.answers()[0]?.body.length).toBe(LARGE.length);
    },
    TEST_MS,
  );
});
