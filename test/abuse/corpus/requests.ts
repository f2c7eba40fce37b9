/**
 * Bytes whose framing two readers could take differently, or nobody should take at all. Where one had an effect on an
 * HTTP server before, its advisory is named. RFC 9112 is meant where only a section stands.
 */
import { KEY } from '../../support/start-gateway.ts';

export interface BadFraming {
  readonly what: string;
  readonly bytes: string;
  /** Whether the caller ends its side after the bytes. */
  readonly halfClose?: true;
  /** Statuses in order; 400 where it is left out. An empty list is a close without a word. */
  readonly statuses?: readonly number[];
}

/** Stands in every request that must not be carried out, and so nowhere at the upstream. */
export const MARKER = 'smuggledCall';

export const BODY = '{"appId":"wx_a"}';
const HEAD = ['Host: localhost', `X-API-Key: ${KEY}`, 'Content-Type: application/json'];

/** What is meant to be taken for a request of its own. */
export const SMUGGLED = [
  `POST /contacts/${MARKER} HTTP/1.1`,
  ...HEAD,
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n');

/** A request that would be good but for these lines, and the smuggled one behind it. */
export function post(lines: string, body = `${BODY}${SMUGGLED}`, version = 'HTTP/1.1'): string {
  return `POST /contacts/search ${version}\r\n${HEAD.join('\r\n')}\r\n${lines}\r\n\r\n${body}`;
}

export const get = (line: string, ...headers: readonly string[]) =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n${SMUGGLED}`;

/** A good chunked body that ends, and then the smuggled request: for a reader that takes the length by chunks. */
export const CHUNKS = `10\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`;
export const chunked = (body: string) => post('Transfer-Encoding: chunked', body);
export const each = (what: string, values: readonly string[], bytes: (value: string) => string) =>
  values.map((value) => ({ what: `${what} ${JSON.stringify(value)}`, bytes: bytes(value) }));

/** What a good call differs in from the others. */
export interface Call {
  readonly operation?: string;
  readonly key?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export function call({
  operation = 'search',
  key = KEY,
  headers = [],
  body = BODY,
}: Call = {}): string {
  return [
    `POST /contacts/${operation} HTTP/1.1`,
    'Host: localhost',
    `X-API-Key: ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');
}

/** A good call after which the connection closes, so that its end is seen. */
export const LAST = call({ headers: ['Connection: close'] });
