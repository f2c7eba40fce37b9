import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that nobody listens on. It lies below those that systems give out for outgoing connections, so
 * that it is still free when its server comes back after a while, and that nobody who knocks there meanwhile gets
 * connected to itself.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 30_000);
  return (await isFree(port)) ? port : freePort();
}

/** The beginning of ports that differ in their last digit, of which those with these digits are free. */
export async function freePorts(...digits: readonly number[]): Promise<string> {
  const beginning = String(randomInt(2_000, 3_000));
  const free = await Promise.all(digits.map((digit) => isFree(Number(`${beginning}${digit}`))));
  return free.includes(false) ? freePorts(...digits) : beginning;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
