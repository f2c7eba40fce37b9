import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The number of ports for each process. */
const EACH = 200;
/** Processes that run at the same time use different ports, unless there are more than fifty. */
const FIRST = 20_000 + (process.pid % 50) * EACH;
let used = randomInt(EACH);

/**
 * A port of 127.0.0.1 on which nothing listens. It is below the range for outgoing connections, so that a client that
 * retries while its server is down is not connected to itself, and in the range of this process, so that it is still
 * free when the server comes back.
 */
export async function freePort(): Promise<number> {
  used = (used + 1) % EACH;
  const port = FIRST + used;
  return (await isFree(port)) ? port : freePort();
}

/** The prefix of ports that differ in their last digit; those with these digits are free. */
export async function freePorts(...digits: readonly number[]): Promise<string> {
  const tens = (Math.floor(used / 10) + 1) % (EACH / 10);
  used = 10 * tens + 9;
  const beginning = String(FIRST / 10 + tens);
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
