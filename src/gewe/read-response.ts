import type { Readable } from 'node:stream';
import { readAnswer, type Outcome } from './outcome.ts';

export interface ResponseHead {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/**
 * Reads an answer to its end. Never rejects: one of more than `limitBytes` (the rest is not read) and one that is
 * cut off are invalid.
 */
export async function readResponse(
  stream: Readable,
  head: ResponseHead,
  limitBytes: number,
): Promise<Outcome> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limitBytes) {
        // Leaving the loop destroys the stream.
        return { kind: 'invalid', why: `an answer of more than ${limitBytes} bytes` };
      }
      chunks.push(chunk);
    }
  } catch {
    return { kind: 'invalid', why: 'an answer that was cut off' };
  }
  return readAnswer({ ...head, body: Buffer.concat(chunks, length) });
}
