import type { RequestHandler } from 'express';
import {
  contentSecurityPolicy,
  referrerPolicy,
  strictTransportSecurity,
  xContentTypeOptions,
} from 'helmet';
import { scopeOf, type Headers } from '../http/request-scope.ts';

/**
 * Only those of Helmet's headers that matter for JSON; the rest would be noise in `curl -i`. They never change, so they
 * are computed once.
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

/** The headers that these middlewares set on every response. */
function headersOf(...middlewares: readonly Middleware[]): Headers {
  const headers: Headers = {};
  const res = { setHeader: (name: string, value: string) => void (headers[name] = value) };
  for (const set of middlewares) set({} as never, res as never, () => undefined);
  return headers;
}
