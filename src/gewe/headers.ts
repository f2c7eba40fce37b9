import { VERSION } from '../version.ts';

/** The ids of one request, for the log and for the upstream. */
export interface Trace {
  readonly requestId: string;
  /** A valid incoming W3C `traceparent`, passed on as it is. */
  readonly traceparent: string | undefined;
}

/** The path on the upstream. */
export function upstreamPath(baseUrl: URL, path: string): string {
  return `${baseUrl.pathname.replace(/\/+$/, '')}/${path}`;
}

/**
 * All headers of a call to the upstream, beside Host and Content-Length. Of the caller's, only the trace crosses: an
 * allow-list, so that an unforeseen header stays here.
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
