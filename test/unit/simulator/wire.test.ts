import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Behaviour, createSimulator } from '../../../src/simulator/simulator.ts';
import { ask, call, callToItsEnd, TOKEN } from './calling.ts';

const FETCH = 'contacts/fetchContactsList';
const OK = { ret: 200, msg: '操作成功' };

const simulator = createSimulator();
let baseUrl: string;

beforeAll(async () => {
  ({ baseUrl } = await simulator.start());
});
beforeEach(() => simulator.reset());
afterAll(() => simulator.stop());

describe('behaviours of time', () => {
  test('a delayed call is answered in full', async () => {
    simulator.behave('wx_1', { delayMs: 20 });
    const startedAt = performance.now();
    expect(await ask(baseUrl, 'contacts/deleteFriend')).toEqual(OK);
    // Timers may fire a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
  });

  test('a hanging call gets no response until its caller leaves', async () => {
    simulator.behave('wx_1', { hang: true });
    const leaving = new AbortController();
    const hanging = call(baseUrl, FETCH, { appId: 'wx_1' }, { signal: leaving.signal });
    const failed = expect(hanging).rejects.toThrow('aborted');
    const recorded = await simulator.waitForCall((one) => one.appId === 'wx_1');
    leaving.abort();
    await failed;
    expect(await recorded.ended).toBe('aborted');
  });

  test('a dripping response arrives completely', async () => {
    simulator.behave('wx_1', { dripMs: 1 });
    expect(await ask(baseUrl, 'contacts/deleteFriend')).toEqual(OK);
  });

  test('a dripping answer sends its headers before its first byte', async () => {
    simulator.behave('wx_1', { dripMs: 600_000 });
    const leaving = new AbortController();
    const response = await fetch(`${baseUrl}/contacts/deleteFriend`, {
      method: 'POST',
      headers: { 'X-GEWE-TOKEN': TOKEN },
      body: '{"appId":"wx_1"}',
      signal: leaving.signal,
    });
    expect(response.headers.get('content-length')).toBe(
      String(Buffer.byteLength(JSON.stringify(OK))),
    );
    leaving.abort();
    expect(await simulator.calls[0]?.ended).toBe('aborted');
  });
});

describe('behaviours of the connection', () => {
  test('a cut response announces its whole length and ends after the requested bytes', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 10 });
    const { headers, received, error } = await callToItsEnd(baseUrl, FETCH);
    expect(Number(headers?.['content-length'])).toBeGreaterThan(100);
    expect(received).toBe('{"ret":200');
    expect(error).toBe('ECONNRESET');
    expect(await simulator.calls[0]?.ended).toBe('aborted');
  });

  test('a response cut before its first byte has only its headers', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 0 });
    const { headers, received, error } = await callToItsEnd(baseUrl, FETCH);
    expect(headers).toHaveProperty('content-length');
    expect({ received, error }).toEqual({ received: '', error: 'ECONNRESET' });
  });

  test('a response cut after more bytes than it has lacks its last one', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 1_000_000 });
    const { received, error } = await callToItsEnd(baseUrl, 'contacts/deleteFriend');
    expect(received).toBe(JSON.stringify(OK).slice(0, -1));
    expect(error).toBe('ECONNRESET');
  });

  test('a cut empty response is not a complete one', async () => {
    simulator.behave('wx_1', { empty: true, cutAfterBytes: 0 });
    expect(await callToItsEnd(baseUrl, FETCH)).toMatchObject({ error: 'ECONNRESET' });
  });

  test('a reset call ends with a TCP reset, not with a FIN', async () => {
    simulator.behave('wx_1', { reset: true });
    const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
    const body = '{"appId":"wx_1"}';
    socket.write(`POST /v2/api/${FETCH} HTTP/1.1\r\nHost: x\r\n`);
    socket.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  test('a reset call gets no byte of a response', async () => {
    simulator.behave('wx_1', { reset: true });
    expect(await callToItsEnd(baseUrl, FETCH)).toEqual({ received: '', error: 'ECONNRESET' });
    expect(await simulator.calls[0]?.ended).toBe('aborted');
  });
});

describe('behaviours of the content', () => {
  async function contentOf(behaviour: Behaviour, operation = FETCH) {
    simulator.behave('wx_1', behaviour);
    return call(baseUrl, operation);
  }

  test('a status with html is answered like a front proxy', async () => {
    const answer = await contentOf({ status: 502, html: true });
    expect(answer.status).toBe(502);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('<h1>502 Bad Gateway</h1>');
  });

  test('a page given by the test is sent unchanged', async () => {
    expect((await contentOf({ html: '<p>login</p>' })).text).toBe('<p>login</p>');
  });

  test('a bare 5xx status is answered with JSON', async () => {
    const answer = await contentOf({ status: 503 });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ ret: 503, msg: 'Service Unavailable' });
  });

  test('a status with a list has both', async () => {
    const answer = await contentOf({ status: 500, friends: 1 });
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text)).toMatchObject({ ret: 200 });
  });

  test('a redirect has its address and the status 302 unless another is given', async () => {
    const answer = await contentOf({ redirectTo: 'http://127.0.0.1:9/x' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('http://127.0.0.1:9/x');
    expect((await contentOf({ redirectTo: '/x', status: 307 })).status).toBe(307);
  });

  test('an empty answer has no body', async () => {
    const answer = await contentOf({ empty: true });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('0');
    expect(answer.text).toBe('');
    expect((await contentOf({ empty: true, status: 204 })).status).toBe(204);
  });

  test('a raw response is sent byte for byte with its own type and headers', async () => {
    const body = Buffer.from([0xff, 0xfe, 0x00]);
    simulator.behave('wx_1', {
      raw: {
        body,
        contentType: 'text/weird',
        headers: { 'X-Rude': 'very', 'Set-Cookie': ['a=1', 'b=2'] },
      },
    });
    const response = await fetch(`${baseUrl}/${FETCH}`, {
      method: 'POST',
      body: '{"appId":"wx_1"}',
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(body);
    expect(response.headers.get('content-type')).toBe('text/weird');
    expect(response.headers.get('x-rude')).toBe('very');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('a raw response with an empty content type has none, and is JSON by default', async () => {
    const without = await contentOf({ raw: { body: '{}', contentType: '' } });
    expect(without.headers.get('content-type')).toBeNull();
    const unsaid = await contentOf({ raw: { body: '{"ret":200,"id":9007199254740993}' } });
    expect(unsaid.headers.get('content-type')).toBe('application/json');
    expect(unsaid.text).toBe('{"ret":200,"id":9007199254740993}');
  });

  test('a raw response with its own transfer encoding is sent in chunks', async () => {
    const answer = await contentOf({
      raw: { body: '{"ret":200}', headers: { 'Transfer-Encoding': 'chunked' } },
    });
    expect(answer.headers.get('content-length')).toBeNull();
    expect(answer.text).toBe('{"ret":200}');
  });

  test('a list of 10,000 friends has as many different ids and the chatrooms and ghs of the sample', async () => {
    const { data } = JSON.parse((await contentOf({ friends: 10_000 })).text);
    expect(new Set(data.friends).size).toBe(10_000);
    expect(data.chatrooms).toContain('2180313478@chatroom');
    expect(data.ghs).toContain('gh_7aac992b0363');
  });

  test("an offline account gets GEWE's failure", async () => {
    const answer = await contentOf({ accountOffline: true });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      ret: 500,
      msg: '微信已离线',
      data: { code: '-1', msg: '微信已离线' },
    });
  });

  test('checkOnline for an offline account returns false', async () => {
    const answer = await contentOf({ accountOffline: true }, 'login/checkOnline');
    expect(JSON.parse(answer.text)).toEqual({ ...OK, data: false });
  });

  test("a missing device gets GEWE's failure", async () => {
    const answer = await contentOf({ deviceMissing: true });
    expect(JSON.parse(answer.text)).toEqual({ ret: 500, msg: '设备不存在' });
  });

  test('a response that echoes the token has it in msg and in a header, beside its data', async () => {
    const answer = await contentOf({ echoToken: true });
    expect(answer.headers.get('x-echo-token')).toBe(TOKEN);
    const { ret, msg, data } = JSON.parse(answer.text);
    expect(ret).toBe(200);
    expect(msg).toContain(TOKEN);
    expect(data.friends).toContain('weixin');
  });
});
