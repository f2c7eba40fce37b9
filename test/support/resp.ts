/** The part of the Redis protocol that tests need: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
import type { Socket } from 'node:net';

/** An error reply of the server, which can be in an array, too. */
class RedisRefusal extends Error {}

interface Read {
  readonly value: unknown;
  readonly next: number;
}

export function encodeCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** The next `count` replies on a connection, in order. Rejects if it ends first. */
export function readAnswers(socket: Socket, count: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const values: unknown[] = [];
      let read = readValue(bytes, 0);
      while (read !== undefined && values.length < count) {
        values.push(read.value);
        read = readValue(bytes, read.next);
      }
      if (values.length === count) resolve(values);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The server ended the connection')));
  });
}

/** Undefined if the value is not complete. */
function readValue(bytes: Buffer, at: number): Read | undefined {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const line = bytes.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case '+':
      return { value: line, next };
    case '-':
      return { value: new RedisRefusal(line), next };
    case ':':
      return { value: Number(line), next };
    case '$':
      return readText(bytes, next, Number(line));
    case '*':
      return readArray(bytes, next, Number(line));
    default:
      throw new Error(`Not an answer of Redis: ${line}`);
  }
}

function readText(bytes: Buffer, at: number, length: number): Read | undefined {
  if (length < 0) return { value: null, next: at };
  const next = at + length + 2;
  return bytes.length < next ? undefined : { value: bytes.toString('utf8', at, at + length), next };
}

function readArray(bytes: Buffer, at: number, length: number): Read | undefined {
  if (length < 0) return { value: null, next: at };
  const value: unknown[] = [];
  let next = at;
  while (value.length < length) {
    const item = readValue(bytes, next);
    if (item === undefined) return undefined;
    value.push(item.value);
    next = item.next;
  }
  return { value, next };
}
