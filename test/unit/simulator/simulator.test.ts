import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../../src/simulator/simulator.ts';
import { ask, call, TOKEN } from './calling.ts';

const FETCH = 'contacts/fetchContactsList';
const stopAfterwards: Simulator[] = [];

afterEach(async () => {
  await Promise.all(stopAfterwards.splice(0).map((simulator) => simulator.stop()));
});

async function running(now?: () => number): Promise<{ simulator: Simulator; baseUrl: string }> {
  const simulator = createSimulator(now === undefined ? {} : { now });
  stopAfterwards.push(simulator);
  const { baseUrl } = await simulator.start();
  return { simulator, baseUrl };
}

describe('the recorded calls', () => {
  test('include what the caller sent and when', async () => {
    const { simulator, baseUrl } = await running(() => 1_700_000_000_000);
    await fetch(`${baseUrl}/contacts/search?x=1`, {
      method: 'POST',
      headers: { 'X-Gewe-Token': TOKEN },
      body: '{ "appId" : "wx_1" }',
    });
    const [recorded] = simulator.calls;
    expect(recorded).toMatchObject({
      method: 'POST',
      path: '/v2/api/contacts/search?x=1',
      operation: 'contacts/search',
      appId: 'wx_1',
      body: Buffer.from('{ "appId" : "wx_1" }'),
      receivedAt: 1_700_000_000_000,
    });
    expect(recorded?.headers['x-gewe-token']).toBe(TOKEN);
    expect(recorded?.rawHeaders).toContain('X-Gewe-Token');
    expect(await recorded?.ended).toBe('answered');
  });

  test('include a call outside both base paths, under its path', async () => {
    const { simulator, baseUrl } = await running();
    await fetch(new URL('/elsewhere/x', baseUrl));
    expect(simulator.calls).toMatchObject([{ operation: 'elsewhere/x', appId: undefined }]);
  });

  test('do not include a caller that leaves in the middle of its body, and the simulator keeps working', async () => {
    const { simulator, baseUrl } = await running();
    const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /v2/api/contacts/search HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
    );
    socket.destroy();
    await once(socket, 'close');
    expect(await ask(baseUrl, 'login/checkOnline')).toMatchObject({ ret: 200 });
    expect(simulator.calls).toHaveLength(1);
  });
});

describe('waitForCall', () => {
  test('counts earlier calls and waits for the missing ones', async () => {
    const { simulator, baseUrl } = await running();
    await ask(baseUrl, 'contacts/search', { appId: 'wx_1' });
    const third = simulator.waitForCall((one) => one.operation === 'contacts/search', 3);
    await ask(baseUrl, 'contacts/search', { appId: 'wx_2' });
    await ask(baseUrl, 'contacts/deleteFriend', { appId: 'wx_3' });
    await ask(baseUrl, 'contacts/search', { appId: 'wx_4' });
    expect((await third).appId).toBe('wx_4');
    const second = await simulator.waitForCall((one) => one.operation === 'contacts/search', 2);
    expect(second.appId).toBe('wx_2');
  });

  test('resolves for a call that is still running', async () => {
    const { simulator, baseUrl } = await running();
    simulator.behave('*', { hang: true });
    const hanging = expect(call(baseUrl, FETCH)).rejects.toThrow();
    const recorded = await simulator.waitForCall(() => true);
    await simulator.stop();
    await hanging;
    expect(await recorded.ended).toBe('aborted');
  });

  test('rejects with the error of a predicate that throws, and the call is answered', async () => {
    const { simulator, baseUrl } = await running();
    const waiting = simulator.waitForCall(() => {
      throw new Error('mistake in the test');
    });
    const failed = expect(waiting).rejects.toThrow('mistake in the test');
    expect(await ask(baseUrl, 'login/checkOnline')).toMatchObject({ ret: 200 });
    await failed;
  });

  test('rejects if the simulator stops first', async () => {
    const { simulator } = await running();
    const waiting = expect(simulator.waitForCall(() => true)).rejects.toThrow('stopped before');
    await simulator.stop();
    await waiting;
  });
});

describe('start, stop and reset', () => {
  test('stop ends hanging, slow and dripping responses and idle sockets at once', async () => {
    const { simulator, baseUrl } = await running();
    await ask(baseUrl, 'login/checkOnline');
    simulator.behave('wx_hang', { hang: true });
    simulator.behave('wx_slow', { delayMs: 600_000 });
    simulator.behave('wx_drip', { dripMs: 600_000 });
    const calls = ['wx_hang', 'wx_slow', 'wx_drip'].map((appId) => call(baseUrl, FETCH, { appId }));
    const failed = Promise.all(calls.map((one) => expect(one).rejects.toThrow()));
    await simulator.waitForCall((one) => one.operation === FETCH, 3);
    await simulator.stop();
    await failed;
    const ends = await Promise.all(simulator.calls.slice(1).map((one) => one.ended));
    expect(ends).toEqual(['aborted', 'aborted', 'aborted']);
  });

  test('stop before a start, or twice, does nothing', async () => {
    const simulator = createSimulator();
    await simulator.stop();
    await simulator.start();
    await simulator.stop();
    await expect(simulator.stop()).resolves.toBeUndefined();
  });

  test('a stopped simulator starts again on the same port with its behaviours', async () => {
    const { simulator, baseUrl } = await running();
    simulator.behave('wx_1', { deviceMissing: true });
    await simulator.stop();
    await expect(call(baseUrl, FETCH)).rejects.toThrow();
    const again = await simulator.start(Number(new URL(baseUrl).port));
    expect(again.baseUrl).toBe(baseUrl);
    expect(await ask(baseUrl, FETCH)).toMatchObject({ msg: '设备不存在' });
  });

  test('a second start and a port in use are refused', async () => {
    const { simulator, baseUrl } = await running();
    await expect(simulator.start()).rejects.toThrow('already started');
    const other = createSimulator();
    const port = Number(new URL(baseUrl).port);
    await expect(other.start(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('reset forgets behaviours, calls and kept lists, and aborts running calls', async () => {
    const { simulator, baseUrl } = await running();
    await ask(baseUrl, FETCH);
    simulator.behave('wx_1', { hang: true });
    const hanging = expect(call(baseUrl, FETCH)).rejects.toThrow();
    await simulator.waitForCall((one) => one.operation === FETCH, 2);
    simulator.reset();
    await hanging;
    expect(simulator.calls).toEqual([]);
    expect(await ask(baseUrl, 'contacts/fetchContactsListCache')).not.toHaveProperty('data');
    expect(await ask(baseUrl, FETCH)).toMatchObject({ ret: 200 });
  });
});
