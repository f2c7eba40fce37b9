/** Gets small JSON documents of an identity provider, within limits on time and size. */
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Agent, request } from 'undici';
import { VERSION } from '../../version.ts';

export type FetchedJson =
  | { readonly kind: 'json'; readonly json: unknown }
  /** `why` is short, and contains nothing of the answer or the URL. */
  | { readonly kind: 'failed'; readonly why: string };

export interface JsonClient {
  /** Never rejects, and never follows a redirect. Ends early if `signal` says so. */
  get(url: string, signal: AbortSignal): Promise<FetchedJson>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** For a whole answer. */
const TIMEOUT_MS = 5_000;
/** Of a body, decoded. */
const LIMIT_BYTES = 1024 * 1024;
/** For one of several addresses: see ADDRESS_TIMEOUT_MS of src/gewe/client.ts. */
const ADDRESS_TIMEOUT_MS = 1_500;

/** @param timeoutMs for a whole answer, milliseconds */
export function createJsonClient(timeoutMs = TIMEOUT_MS): JsonClient {
  const agent = new Agent({
    allowH2: false,
    // One signal ends each of these steps.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: timeoutMs, autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS },
  });
  return {
    async get(url, signal) {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return await getJson(url, agent, AbortSignal.any([signal, timeout]));
      } catch (error) {
        if (timeout.aborted) return failed(`no whole answer within ${timeoutMs / 1000} s`);
        if (signal.aborted) return failed('it was not waited for');
        const code = codeOf(error);
        return failed(`no connection, or one that broke${code === '' ? '' : ` (${code})`}`);
      }
    },
    close: () => agent.destroy(),
  };
}

async function getJson(url: string, agent: Agent, signal: AbortSignal): Promise<FetchedJson> {
  const { statusCode, headers, body } = await request(url, {
    dispatcher: agent,
    signal,
    headers: {
      Accept: 'application/json',
      'Accept-Encoding': 'identity',
      // Some firewalls refuse requests without one.
      'User-Agent': `gewe-gateway/${VERSION}`,
    },
    // A connection is of no use for the next ten minutes.
    reset: true,
  });
  // A body that is destroyed early emits an error, which says nothing new.
  body.on('error', () => undefined);
  const wrong = whyNot(statusCode, headers['content-length']);
  const plain = wrong === undefined ? decoded(body, headers['content-encoding']) : undefined;
  if (plain === undefined) {
    body.destroy();
    return failed(wrong ?? 'a content coding that was not asked for');
  }
  const bytes = await readUpTo(plain);
  return bytes === undefined ? failed('larger than 1 MiB') : parse(bytes);
}

function whyNot(status: number, length: unknown): string | undefined {
  if (status >= 300 && status < 400) {
    return `a redirect (HTTP status ${status}), which is not followed`;
  }
  if (status !== 200) return `HTTP status ${status}`;
  return Number(length) > LIMIT_BYTES ? 'larger than 1 MiB' : undefined;
}

/** Some servers encode although none was asked for. Undefined for a coding that the gateway does not know. */
function decoded(body: Readable, coding: unknown): Readable | undefined {
  const through = (decoder: NodeJS.ReadWriteStream & Readable): Readable => {
    // Whichever of the two fails or is destroyed takes the other along; the reader hears of it.
    pipeline(body, decoder, () => undefined);
    return decoder;
  };
  switch (typeof coding === 'string' ? coding.trim().toLowerCase() : 'identity') {
    case 'identity':
    case '':
      return body;
    case 'gzip':
    case 'x-gzip':
      return through(createGunzip());
    case 'deflate':
      return through(createInflate());
    case 'br':
      return through(createBrotliDecompress());
    default:
      return undefined;
  }
}

/** Undefined if there is more than the limit; then the rest is not read. */
async function readUpTo(stream: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the stream.
    if (bytes > LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): FetchedJson {
  try {
    return { kind: 'json', json: JSON.parse(bytes.toString()) as unknown };
  } catch {
    return failed('not JSON');
  }
}

function failed(why: string): FetchedJson {
  return { kind: 'failed', why };
}

/** If several addresses were tried, the code for the first one. */
function codeOf(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return errors === undefined || errors.length === 0 ? '' : codeOf(errors[0]);
}
