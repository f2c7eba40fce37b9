/**
 * Raw bytes on both listeners: ambiguous framing is refused once, the connection is closed, and nothing after it is
 * carried out.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rawExchange } from '../support/raw-client.ts';
import { startRawUpstream, wire, type RawUpstream } from '../support/raw-upstream.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { BAD_CHUNKS, BAD_ENCODINGS, BAD_LENGTHS } from './corpus/bodies.ts';
import { BAD_FIRST_LINES, BAD_HEADERS } from './corpus/heads.ts';
import { MARKER } from './corpus/requests.ts';

let upstream: RawUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startRawUpstream((socket) =>
    socket.write(wire('{"ret":200,"data":{}}', '200 OK', [])),
  );
  gateway = await startGateway({ env: { GEWE_BASE_URL: upstream.baseUrl } });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe.each([
  ['Content-Length', BAD_LENGTHS],
  ['Transfer-Encoding', BAD_ENCODINGS],
  ['chunks', BAD_CHUNKS],
  ['headers', BAD_HEADERS],
  ['the first line', BAD_FIRST_LINES],
])('%s', (_part, corpus) => {
  test.each(corpus)(
    '$what is refused once, and the connection is closed',
    async ({ bytes, halfClose = false, statuses = [400] }) => {
      const answers = await rawExchange(gateway.url, bytes, { halfClose });
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      // On the ops listener, a POST without an Origin is refused before its body is read.
      const opsAnswers = await rawExchange(gateway.opsUrl, bytes, { halfClose });
      expect(opsAnswers.map(({ status }) => (status === 403 ? statuses[0] : status))).toEqual(
        statuses,
      );

      for (const { headers, body } of [...answers, ...opsAnswers]) {
        expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
        expect(body.toString()).not.toContain(MARKER);
      }
      expect(upstream.received()).toBe('');
      await gateway.post('search', { appId: 'wx_good' }).expect(200);
      expect(upstream.received()).toContain('wx_good');
      upstream.forget();
    },
  );
});
