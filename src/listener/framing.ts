/**
 * What must be clear about a request before anybody looks at it: where it ends and whom it is for. Node's parser is
 * strict about most of it; these are the rest. A proxy in front that reads them differently would let a second request
 * pass as a part of the first.
 */
import type { IncomingMessage } from 'node:http';

/** More than any caller needs. Node drops what comes after 2000 without a word. */
const MOST_HEADERS = 100;

/** RFC 3986 section 3.2.2, without user information, which no http address has (RFC 9110 section 4.2.4). */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]*)(?::\d*)?$/i;

/** The status that a request has to be refused with before it is served; undefined where nothing is wrong with it. */
export function faultOf(
  request: Pick<IncomingMessage, 'httpVersion' | 'url' | 'rawHeaders' | 'headers'>,
): 400 | 417 | 431 | undefined {
  const { httpVersion, url = '', rawHeaders, headers } = request;
  if (rawHeaders.length > 2 * MOST_HEADERS) return 431;
  // The parser also lets 0.9 and 2.0 through, as if they were written like this.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 400;
  if (!namesOneHost(httpVersion, linesOf('host', rawHeaders), url)) return 400;
  if (!isEncodedPlainly(httpVersion, linesOf('transfer-encoding', rawHeaders))) return 400;
  // RFC 9110 section 10.1.1; in HTTP/1.0 it means nothing.
  const { expect } = headers;
  if (httpVersion === '1.1' && expect !== undefined && !/^100-continue$/i.test(expect)) return 417;
  return undefined;
}

/**
 * Whom a target is for where it says so itself: then Host does not count (RFC 9112 section 3.2.2). Undefined for a
 * target that is only a path.
 */
export function authorityOf(target: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1];
}

/** RFC 9112 section 3.2. Node takes the first of several. */
function namesOneHost(httpVersion: string, hosts: readonly string[], target: string): boolean {
  if (hosts.length > 1 || (hosts.length === 0 && httpVersion === '1.1')) return false;
  return [...hosts, authorityOf(target) ?? ''].every((host) => HOST.test(host));
}

/**
 * `chunked` once or nothing. A body in another encoding as well could not be read, and in HTTP/1.0 its length is
 * anybody's guess (RFC 9112 section 6.1; CVE-2022-32213 and CVE-2020-8287 were about such spellings).
 */
function isEncodedPlainly(httpVersion: string, encodings: readonly string[]): boolean {
  const [first, ...more] = encodings;
  if (first === undefined) return true;
  return httpVersion === '1.1' && more.length === 0 && first.toLowerCase() === 'chunked';
}

function linesOf(name: string, rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}
