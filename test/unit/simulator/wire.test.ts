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

  test('a call that hangs stays without an answer until its caller leaves', async () => {
    simulator.behave('wx_1', { hang: true });
    const leaving = new AbortController();
    const hanging = call(baseUrl, FETCH, { appId: 'wx_1' }, { signal: leaving.signal });
    const failed = expect(hanging).rejects.toThrow('aborted');
    const recorded = await simulator.waitForCall((one) => one.appId === 'wx_1');
    leaving.abort();
    await failed;
    expect(await recorded.ended).toBe('aborted');
  });

  test('a dripping answer arrives whole', async () => {
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
  test('a cut answer announces its whole length and ends after the bytes asked for', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 10 });
    const { headers, received, error } = await callToItsEnd(baseUrl, FETCH);
    expect(Number(headers?.['content-length'])).toBeGreaterThan(100);
    expect(received).toBe('{"ret":200');
    expect(error).toBe('ECONNRESET');
    expect(await simulator.calls[0]?.ended).toBe('aborted');
  });

  test('an answer cut before its first byte has only its headers', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 0 });
    const { headers, received, error } = await callToItsEnd(baseUrl, FETCH);
    expect(headers).toHaveProperty('content-length');
    expect({ received, error }).toEqual({ received: '', error: 'ECONNRESET' });
  });

  test('an answer cut after more bytes than it has still lacks its last one', async () => {
    simulator.behave('wx_1', { cutAfterBytes: 1_000_000 });
    const { received, error } = await callToItsEnd(baseUrl, 'contacts/deleteFriend');
    expect(received).toBe(JSON.stringify(OK).slice(0, -1));
    expect(error).toBe('ECONNRESET');
  });

  test('an empty answer that is cut is not taken for a whole one', async () => {
    simulator.behave('wx_1', { empty: true, cutAfterBytes: 0 });
    expect(await callToItsEnd(baseUrl, FETCH)).toMatchObject({ error: 'ECONNRESET' });
  });

  test('a reset call is ended by the TCP reset itself, not by an orderly end', async () => {
    simulator.behave('wx_1', { reset: true });
    const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
    const body = '{"appId":"wx_1"}';
    socket.write(`POST /v2/api/${FETCH} HTTP/1.1\r\nHost: x\r\n`);
    socket.write(`Content-Length: ${body.length}\r\n\r\n${body}`);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  test('a reset call gets no byte of an answer', async () => {
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

  test('a status with html is answered as a front proxy would', async () => {
    const answer = await contentOf({ status: 502, html: true });
    expect(answer.status).toBe(502);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('<h1>502 Bad Gateway</h1>');
  });

  test('a page of the test itself goes out as it is', async () => {
    expect((await contentOf({ html: '<p>login</p>' })).text).toBe('<p>login</p>');
  });

  test('a bare 5xx status is answered with JSON', async () => {
    const answer = await contentOf({ status: 503 });
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ ret: 503, msg: 'Service Unavailable' });
  });

  test('a status with a list is answered with both', async () => {
    const answer = await contentOf({ status: 500, friends: 1 });
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text)).toMatchObject({ ret: 200 });
  });

  test('a redirect is answered with its address and, unless told, 302', async () => {
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

  test('a raw answer goes out byte for byte with its own type and headers', async () => {
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

  test('a raw answer with an empty content type has none, and with nothing said has JSON', async () => {
    const without = await contentOf({ raw: { body: '{}', contentType: '' } });
    expect(without.headers.get('content-type')).toBeNull();
    const unsaid = await contentOf({ raw: { body: '{"ret":200,"id":9007199254740993}' } });
    expect(unsaid.headers.get('content-type')).toBe('application/json');
    expect(unsaid.text).toBe('{"ret":200,"id":9007199254740993}');
  });

  test('a raw answer with a transfer encoding of its own is sent in chunks', async () => {
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

  test('an account that is offline is answered with the failure of GEWE', async () => {
    const answer = await contentOf({ accountOffline: true });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({
      ret: 500,
      msg: '微信已离线',
      data: { code: '-1', msg: '微信已离线' },
    });
  });

  test('checkOnline for an account that is offline is answered with false', async () => {
    const answer = await contentOf({ accountOffline: true }, 'login/checkOnline');
    expect(JSON.parse(answer.text)).toEqual({ ...OK, data: false });
  });

  test('a device that is missing is answered with the failure of GEWE', async () => {
    const answer = await contentOf({ deviceMissing: true });
    expect(JSON.parse(answer.text)).toEqual({ ret: 500, msg: '设备不存在' });
  });

  test('an answer that echoes the token carries it in msg and in a header beside its data', async () => {
    const answer = await contentOf({ echoToken: true });
    expect(answer.headers.get('x-echo-token')).toBe(TOKEN);
    const { ret, msg, data } = JSON.parse(answer.text);
    expect(ret).toBe(200);
    expect(msg).toContain(TOKEN);
    expect(data.friends).toContain('weixin');
  });
});
