import { VERSION } from '../version.ts';

/** What identifies one request, on the way through the gateway and to the upstream. */
export interface Trace {
  readonly requestId: string;
  /** A valid incoming W3C `traceparent`, passed on as it is. */
  readonly traceparent: string | undefined;
}

/** Where an operation is on the upstream. */
export function upstreamPath(baseUrl: URL, path: string): string {
  return `${baseUrl.pathname.replace(/\/+$/, '')}/${path}`;
}

/**
 * All that the upstream gets to see in headers, beside Host and Content-Length. Nothing of the caller's crosses but its
 * trace: an allow-list, so that a header nobody thought of stays here.
 */
export function upstreamHeaders(token: string, trace: Trace): string[] {
  const headers = [
    'x-gewe-token',
    token,
    'content-type',
    'application/json',
    'accept',
    'application/json',
    'accept-encoding',
    'identity',
    'user-agent',
    `gewe-gateway/${VERSION}`,
    'x-request-id',
    trace.requestId,
  ];
  if (trace.traceparent !== undefined) headers.push('traceparent', trace.traceparent);
  return headers;
}
