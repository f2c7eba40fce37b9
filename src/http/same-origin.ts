import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser says that the page has the origin of the address it calls. Browsers send `Sec-Fetch-Site` only to
 * https and loopback addresses (Fetch Metadata); elsewhere the page's `Origin` is compared with `Host`.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return origin !== undefined && host !== undefined && URL.parse(origin)?.host === host;
}
