/**
 * What must be clear about a request before anybody reads it: where it ends and which host it is for. Node's parser is
 * strict about most of it; the rest is here. A proxy in front that reads a request differently would let a second one
 * pass as a part of the first.
 */
import type { IncomingMessage } from 'node:http';

/** More than any caller needs. Node silently drops those after 2000. */
const MOST_HEADERS = 100;

/** RFC 3986 section 3.2.2, without user information, which no http address has (RFC 9110 section 4.2.4). */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]*)(?::\d*)?$/i;

const SLASH = 0x2f;

/** The status to refuse a request with before it is served; undefined if nothing is wrong. Runs for every request. */
export function faultOf(
  request: Pick<IncomingMessage, 'httpVersion' | 'url' | 'rawHeaders' | 'headers'>,
): 400 | 417 | 431 | undefined {
  const { httpVersion, url = '', rawHeaders, headers } = request;
  if (rawHeaders.length > 2 * MOST_HEADERS) return 431;
  // The parser also accepts 0.9 and 2.0, in the syntax of 1.1.
  const isHttp11 = httpVersion === '1.1';
  if (!isHttp11 && httpVersion !== '1.0') return 400;

  let host: string | undefined;
  let encoding: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (isName(name, 'host')) {
      // RFC 9112 section 3.2. Node takes the first of several.
      if (host !== undefined) return 400;
      host = rawHeaders[at + 1] ?? '';
    } else if (isName(name, 'transfer-encoding')) {
      if (encoding !== undefined) return 400;
      encoding = rawHeaders[at + 1] ?? '';
    }
  }
  if (host === undefined ? isHttp11 : !HOST.test(host)) return 400;
  if (!HOST.test(authorityOf(url) ?? '')) return 400;
  // `chunked` or nothing. A body in another encoding as well could not be read, and in HTTP/1.0 its length is anybody's
  // guess (RFC 9112 section 6.1; CVE-2022-32213 and CVE-2020-8287 were about such spellings).
  if (encoding !== undefined && !(isHttp11 && isName(encoding, 'chunked'))) return 400;
  // RFC 9110 section 10.1.1; in HTTP/1.0 it means nothing.
  const { expect } = headers;
  if (isHttp11 && expect !== undefined && !isName(expect, '100-continue')) return 417;
  return undefined;
}

/** Whether `text` is `lowerCase`, in upper or lower case. */
function isName(text: string, lowerCase: string): boolean {
  return text.length === lowerCase.length && text.toLowerCase() === lowerCase;
}

/** The host and port in a target that is a whole URL: Host does not count then (RFC 9112 section 3.2.2). */
export function authorityOf(target: string): string | undefined {
  if (target.charCodeAt(0) === SLASH) return undefined;
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1];
}
