import type { OutgoingHttpHeaders } from 'node:http';

/** What identifies one request, on the way through the gateway and to the upstream. */
export interface Trace {
  readonly requestId: string;
  /** A valid incoming W3C `traceparent`, passed on as it is. */
  readonly traceparent: string | undefined;
}

/**
 * All that the upstream gets to see in headers. Nothing of the caller's crosses but its trace: an allow-list, so
 * that a header nobody thought of stays here.
 */
export function upstreamHeaders(
  token: string,
  body: Buffer,
  trace: Trace,
  version: string,
): OutgoingHttpHeaders {
  return {
    'x-gewe-token': token,
    'content-type': 'application/json',
    'content-length': String(body.length),
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': `gewe-gateway/${version}`,
    'x-request-id': trace.requestId,
    ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
  };
}

/** The address of an operation: `base` is all before `/contacts`. */
export function upstreamUrl(base: URL, path: string): URL {
  return new URL(`${base.pathname.replace(/\/+$/, '')}/${path}`, base);
}
