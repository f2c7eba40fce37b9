import type { RequestHandler } from 'express';
import {
  contentSecurityPolicy,
  referrerPolicy,
  strictTransportSecurity,
  xContentTypeOptions,
  xPoweredBy,
} from 'helmet';

/** Helmet's headers that mean something to who asks for JSON. All of them would hide the others from a reader of `curl -i`. */
export function securityHeaders(): RequestHandler[] {
  const keepToTls = strictTransportSecurity({ includeSubDomains: false });
  return [
    xPoweredBy(),
    xContentTypeOptions(),
    referrerPolicy({ policy: 'no-referrer' }),
    contentSecurityPolicy({
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    }),
    // Without TLS it must not be sent (RFC 6797 section 7.2).
    (req, res, next) => (req.secure ? keepToTls(req, res, next) : next()),
  ];
}
