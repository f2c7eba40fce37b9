/** Headers of requests and responses, as components of the API's document. */
import type { oas31 } from 'zod-openapi';

type HeaderObject = oas31.HeaderObject;
type ParameterObject = oas31.ParameterObject;

const REQUEST_ID = '^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$';
/** A structured field's list of quoted names with parameters (RFC 9651 section 3.1). */
const RATES = '^"[a-z-]+"(; ?[a-z]+=[^,;]+)+(, ?"[a-z-]+"(; ?[a-z]+=[^,;]+)+)*$';

function requestHeader(
  name: string,
  description: string,
  schema: oas31.SchemaObject,
  example: unknown,
): ParameterObject {
  return { in: 'header', name, description, required: false, schema, example };
}

/** What a caller may send, by the name of the component. */
export const REQUEST_HEADERS = {
  prefer: requestHeader(
    'Prefer',
    "`wait=N`: wait N seconds for the live list instead of the gateway's own deadline (RFC 7240). `Preference-Applied` says which wait was used.",
    { type: 'string' },
    'wait=3',
  ),
  cacheControl: requestHeader(
    'Cache-Control',
    '`only-if-cached`: the saved list at once, or 504 `list-not-saved`. `max-age=N`: a saved list younger than N seconds is fine, at once. `no-cache` or `no-store`: ask GEWE even if a fresh list is saved. `stale-if-error=N`: fall back only to a list younger than N seconds; 0 for the live list or an error.',
    { type: 'string' },
    'max-age=60',
  ),
  idempotencyKey: requestHeader(
    'Idempotency-Key',
    'Makes it safe to repeat a request after a broken connection: for 24 hours the same key and body get the first response again. Counted per client and appId.',
    { type: 'string', minLength: 1 },
    '7f9c2ba4-e88f-4d2a-9e1b-6a4c3d5b1f00',
  ),
  requestId: requestHeader(
    'X-Request-Id',
    'Your own id for this request: logged, sent to GEWE and returned. Another one is made up if it is missing or has other characters.',
    { type: 'string', pattern: REQUEST_ID },
    'order-4711',
  ),
  traceparent: requestHeader(
    'traceparent',
    'W3C Trace Context. A valid one is logged and sent to GEWE.',
    { type: 'string', pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' },
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ),
} as const satisfies Record<string, ParameterObject>;

function text(description: string, pattern: string, example: string): HeaderObject {
  return { description, schema: { type: 'string', pattern }, example };
}

function always(description: string, value: string): HeaderObject {
  return { description, schema: { type: 'string', const: value } };
}

function seconds(description: string, minimum: number, example: number): HeaderObject {
  return { description, schema: { type: 'integer', minimum }, example };
}

/** What the gateway sends about a call. */
const OF_CALLS = {
  'X-Request-Id': {
    ...text(
      'The id of this request, in the log too: yours, if it was well-formed.',
      REQUEST_ID,
      'order-4711',
    ),
    required: true,
  },
  RateLimit: text(
    'What is left (`r`) and in how many seconds one more comes free (`t`), for each limit: the quotas of the account, then the rate limit of the client. draft-ietf-httpapi-ratelimit-headers.',
    RATES,
    '"add-per-day";r=4;t=86400, "client";r=599;t=60',
  ),
  'RateLimit-Policy': text(
    'The limits: at most `q` in any `w` seconds.',
    RATES,
    '"add-per-day";q=5;w=86400, "client";q=600;w=60',
  ),
  'Retry-After': seconds('Seconds after which to ask again.', 1, 60),
  Age: seconds('Seconds since the list was fetched from GEWE.', 0, 312),
  'Cache-Status': text(
    'Where the list came from (RFC 9211): `fwd=miss; stored` is live, `fwd=stale; detail=upstream-timeout` is saved after trying GEWE, `hit` is saved without trying.',
    '^gewe-gateway(; [a-z]+(=[a-z-]+)?)*$',
    'gewe-gateway; fwd=stale; detail=upstream-timeout',
  ),
  'X-Gateway-Source': {
    description: 'The same in one word.',
    schema: { type: 'string', enum: ['live', 'saved', 'gewe-cache'] },
    example: 'saved',
  },
  'Preference-Applied': text(
    'The wait that was used, if yours was honoured (RFC 7240).',
    '^wait=\\d+$',
    'wait=3',
  ),
  'Idempotency-Replayed': always(
    'This is the first response to this Idempotency-Key again. Nothing was sent.',
    'true',
  ),
  'WWW-Authenticate': text(
    'How to authenticate (RFC 6750).',
    '^Bearer\\b',
    'Bearer realm="gewe-gateway"',
  ),
  Allow: text('The methods of this path.', '^[A-Z]+(, [A-Z]+)*$', 'POST, OPTIONS'),
} as const satisfies Record<string, HeaderObject>;

/** What every response has, for browsers and caches. */
const OF_EVERY_RESPONSE = {
  'Cache-Control': always(
    'Nothing about an account may be kept by a cache on the way.',
    'no-store',
  ),
  Vary: text('What the response depends on.', '^[A-Za-z-]+(, [A-Za-z-]+)*$', 'Origin'),
  'X-Content-Type-Options': always('Browsers must not guess the type.', 'nosniff'),
  'Referrer-Policy': always('Browsers must not pass the address on.', 'no-referrer'),
  'Content-Security-Policy': text(
    'A response shown in a browser may load nothing.',
    "^default-src 'none'",
    "default-src 'none';frame-ancestors 'none'",
  ),
  'Strict-Transport-Security': text(
    'Only over TLS: browsers stay with it.',
    '^max-age=\\d+$',
    'max-age=31536000',
  ),
  'Access-Control-Allow-Origin': text(
    'Only for pages of an origin that a client lists under `origins`.',
    '^https?://',
    'https://crm.example.com',
  ),
  'Access-Control-Expose-Headers': text(
    'The headers that such a page can read.',
    '^[A-Za-z-]+(, [A-Za-z-]+)*$',
    'X-Request-Id, RateLimit',
  ),
} as const satisfies Record<string, HeaderObject>;

export const RESPONSE_HEADERS: Readonly<Record<string, HeaderObject>> = {
  ...OF_CALLS,
  ...OF_EVERY_RESPONSE,
};

export type RequestHeaderName = keyof typeof REQUEST_HEADERS;
export type CallHeaderName = keyof typeof OF_CALLS;

/** References to the parameters of a request. */
export function requestHeaders(names: readonly RequestHeaderName[]): oas31.ReferenceObject[] {
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

/** References to the headers of a response: these, and those that every response has. */
export function responseHeaders(
  names: readonly CallHeaderName[],
): Record<string, oas31.ReferenceObject> {
  const all = ['X-Request-Id', ...names, ...Object.keys(OF_EVERY_RESPONSE)];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
