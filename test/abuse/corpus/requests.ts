/**
 * Bytes with ambiguous or invalid framing. If they affected an HTTP server before, its advisory is named. A section
 * without a document is one of RFC 9112.
 */
import { KEY } from '../../support/start-gateway.ts';

export interface BadFraming {
  readonly what: string;
  readonly bytes: string;
  /** Whether the caller ends its side after the bytes. */
  readonly halfClose?: true;
  /**
   * The expected statuses, in order; 400 by default. An empty list means that the connection is closed without a
   * response.
   */
  readonly statuses?: readonly number[];
}

/** Marks every request that must not be carried out, so it must never reach the upstream. */
export const MARKER = 'smuggledCall';

export const BODY = '{"appId":"wx_a"}';
const HEAD = ['Host: localhost', `X-API-Key: ${KEY}`, 'Content-Type: application/json'];

/** The smuggled request. */
export const SMUGGLED = [
  `POST /contacts/${MARKER} HTTP/1.1`,
  ...HEAD,
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n');

/** A request that would be valid without these lines, followed by the smuggled request. */
export function post(lines: string, body = `${BODY}${SMUGGLED}`, version = 'HTTP/1.1'): string {
  return `POST /contacts/search ${version}\r\n${HEAD.join('\r\n')}\r\n${lines}\r\n\r\n${body}`;
}

export const get = (line: string, ...headers: readonly string[]) =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n${SMUGGLED}`;

/** A complete chunked body followed by the smuggled request, for a server that prefers the chunks to the Content-Length. */
export const CHUNKS = `10\r\n${BODY}\r\n0\r\n\r\n${SMUGGLED}`;
export const chunked = (body: string) => post('Transfer-Encoding: chunked', body);
export const each = (what: string, values: readonly string[], bytes: (value: string) => string) =>
  values.map((value) => ({ what: `${what} ${JSON.stringify(value)}`, bytes: bytes(value) }));

/** What distinguishes a valid call from the others. */
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

/** A valid call that closes its connection, so that its end can be observed. */
export const LAST = call({ headers: ['Connection: close'] });
