import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cuttableProxy, type CuttableProxy } from '../../support/cuttable-proxy.ts';

describe('a cuttable proxy', () => {
  let echo: Server;
  let proxy: CuttableProxy;
  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await cuttableProxy((echo.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.stop();
    echo.close();
    await once(echo, 'close');
  });

  async function connected(): Promise<Socket> {
    const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    await once(socket, 'connect');
    // The proxy's own end may come as a reset.
    return socket.on('error', () => undefined);
  }

  async function echoOf(socket: Socket, word: string): Promise<unknown> {
    socket.write(word);
    return (await once(socket, 'data'))[0];
  }

  /** Whether nothing comes for a while. */
  async function isSilent(socket: Socket): Promise<boolean> {
    const silence = once(AbortSignal.timeout(200), 'abort').then(() => true);
    return Promise.race([silence, once(socket, 'data').then(() => false)]);
  }

  test('forwards bytes and ends in both directions', async () => {
    const socket = await connected();
    expect(await echoOf(socket, 'word')).toBe('word');
    socket.end('last');
    expect(await text(socket)).toBe('last');
  });

  test('drops its connections when it is cut, and refuses new ones until it is healed', async () => {
    const socket = await connected();
    await echoOf(socket, 'word');
    const lost = once(socket, 'close').catch((error: unknown) => String(error));
    proxy.cut();
    expect(await lost).toContain('ECONNRESET');
    await expect(connected()).rejects.toThrow('ECONNREFUSED');
    await proxy.heal();
    expect(await echoOf(await connected(), 'again')).toBe('again');
  });

  test('accepts connections while it holds, and delivers all bytes in order when it is healed', async () => {
    const before = await connected();
    await echoOf(before, 'word');
    proxy.hold();
    const during = await connected();
    for (const socket of [before, during]) {
      socket.write('one ');
      expect(await isSilent(socket)).toBe(true);
      socket.end('two');
    }
    const all = Promise.all([text(before), text(during)]);
    await proxy.heal();
    expect(await all).toEqual(['one two', 'one two']);
  });

  test('delivers later and in order with a delay, and without delay after it is healed', async () => {
    proxy.delay(300);
    const socket = await connected();
    const startedAt = performance.now();
    expect(await echoOf(socket, 'late')).toBe('late');
    // Timers of the system may fire a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(298);
    socket.write('slow ');
    await isSilent(socket);
    await proxy.heal();
    socket.end('quick');
    expect(await text(socket)).toBe('slow quick');
  });
});
