import type { RequestHandler } from 'express';
import {
  contentSecurityPolicy,
  referrerPolicy,
  strictTransportSecurity,
  xContentTypeOptions,
} from 'helmet';
import { scopeOf, type Headers } from '../http/request-scope.ts';

/**
 * Helmet's headers that mean something to a caller who asks for JSON. All of them would hide the others from a reader
 * of `curl -i`. They never change, so they are asked for once.
 */
export function securityHeaders(): RequestHandler {
  const headers = headersOf(
    xContentTypeOptions(),
    referrerPolicy({ policy: 'no-referrer' }),
    contentSecurityPolicy({
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    }),
  );
  const overTls = headersOf(strictTransportSecurity({ includeSubDomains: false }));
  return (req, res, next) => {
    Object.assign(scopeOf(res).headers, headers);
    // Without TLS it must not be sent (RFC 6797 section 7.2).
    if (req.secure) Object.assign(scopeOf(res).headers, overTls);
    next();
  };
}

type Middleware = (req: never, res: never, next: () => void) => void;

/** What these would set on any response. */
function headersOf(...middlewares: readonly Middleware[]): Headers {
  const headers: Headers = {};
  const res = { setHeader: (name: string, value: string) => void (headers[name] = value) };
  for (const set of middlewares) set({} as never, res as never, () => undefined);
  return headers;
}
