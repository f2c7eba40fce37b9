import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import { Refusal } from '../errors.ts';

/**
 * All bytes of a body. Rejects with a Refusal as soon as there are more than `limit`, announced or not, and where the
 * caller leaves before the end. What still comes of a refused body is read and dropped, so that the connection stays
 * in step. (body-parser refuses a body in chunks only after it has read all of it.)
 */
export function bodyBytes(req: IncomingMessage, limit: number): Promise<Buffer> {
  // Before a byte is read, so that a caller who waits for 100 is not asked for it.
  if (Number(req.headers['content-length']) > limit) return Promise.reject(bodyTooLarge(limit));
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // One buffer that grows: of a body in chunks of one byte, a list of them took 500 times its length.
  let kept = Buffer.alloc(0);
  let length = 0;
  req.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      kept = Buffer.alloc(0);
      return reject(bodyTooLarge(limit));
    }
    if (length > kept.length) {
      const room = Math.min(limit, Math.max(length, 2 * kept.length));
      kept = Buffer.concat([kept], room);
    }
    chunk.copy(kept, length - chunk.length);
  });
  finished(req, { writable: false }, (error) => {
    if (error) reject(new Refusal('invalid-body', 'The body is not as long as announced.'));
    // A body can be held for minutes: not with room that it does not need.
    else resolve(length === kept.length ? kept : Buffer.from(kept.subarray(0, length)));
  });
  return promise;
}

function bodyTooLarge(limit: number): Refusal {
  return new Refusal('body-too-large', `The body is larger than ${limit} bytes.`);
}
