/** Refusals in the API's document: made by the code that sends them, so that the two cannot differ. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { oas31, ZodOpenApiResponseObject } from 'zod-openapi';
import { exhausted, tooYoung } from '../add-contacts/refusals.ts';
import { OPS_CODES, Refusal, REFUSALS, type RefusalCode } from '../errors.ts';
import { renderRefusal, type RefusalFormat } from '../http/problem-details.ts';
import { responseHeaders, type CallHeaderName } from './headers.ts';

interface Sample {
  readonly detail: string;
  readonly members?: Readonly<Record<string, unknown>>;
}

const RETRY_AT = '2026-11-28T08:31:00.000Z';
const OPENS_AT = Date.parse(RETRY_AT);
const HOUR_MS = 3_600_000;

function quota(code: RefusalCode, name: string, limit: number, windowSeconds: number): Refusal {
  const windowMs = windowSeconds * 1000;
  const limits = [{ from: -Infinity, limit }];
  const rule = { name, code, kind: 'add', per: 'account', windowMs, limits } as const;
  return exhausted({ rule, opensAt: OPENS_AT, usage: [] }, OPENS_AT - windowMs / 2);
}

/** A code that is missing here is shown with its title. */
const SAMPLES: Readonly<Record<string, Sample | Refusal>> = {
  'invalid-json': { detail: 'The body is not valid JSON: the fault is at line 1, column 25.' },
  'duplicate-key': {
    detail: 'The body has a duplicate key, perhaps in another spelling. Send each key once.',
  },
  'invalid-body': { detail: 'The body is an array. It must be a JSON object.' },
  'invalid-app-id': { detail: 'appId is missing. The body has `appid`; write `appId`.' },
  'invalid-option': { detail: 'option must be 2 (add), 3 (accept) or 4 (reject).' },
  'invalid-target': {
    detail: 'v3 is missing. Send the v3 of the person to add, from search or from a callback.',
  },
  unauthenticated: {
    detail:
      "The gateway does not know this key. It may have been revoked. GEWE's token is not a key.",
    members: { reason: 'unknown-credential' },
  },
  'app-not-allowed': {
    detail: 'This client may not use this appId. Its appIds are set in the clients file.',
  },
  'operation-not-allowed': {
    detail: 'This client may not call addContacts. Its operations are set in the clients file.',
  },
  'origin-not-allowed': {
    detail:
      "Browsers may call only from the origins listed under the client's `origins` in the clients file.",
  },
  'not-found': { detail: 'Paths are case-sensitive. Did you mean addContacts?' },
  'method-not-allowed': { detail: 'Operations are called with POST.' },
  'idempotency-in-progress': {
    detail:
      'The first request with this Idempotency-Key is still in progress. Send it again later to get its response.',
  },
  'body-too-large': { detail: 'The body is larger than 1048576 bytes.' },
  'unsupported-media-type': {
    detail: 'The Content-Type is text/plain. Send Content-Type: application/json.',
  },
  'idempotency-mismatch': {
    detail:
      'This Idempotency-Key was already used with a different body. Use a new key for a new request.',
  },
  'account-too-young': tooYoung(
    { kind: 'known', onlineSince: OPENS_AT - 72 * HOUR_MS, by: 'operator' },
    72 * HOUR_MS,
    0,
    OPENS_AT - 24 * HOUR_MS,
  ),
  'add-quota-exhausted': quota('add-quota-exhausted', 'add-per-day', 5, 86_400),
  'add-too-soon': quota('add-too-soon', 'add-gap', 1, 60),
  'target-quota-exhausted': quota('target-quota-exhausted', 'target-gap', 1, 3600),
  'accept-quota-exhausted': quota('accept-quota-exhausted', 'accept-per-day', 200, 86_400),
  'client-rate-limited': {
    detail: 'This client has used up its requestsPerMinute. Wait as long as Retry-After says.',
    members: { retryAt: RETRY_AT },
  },
  internal: { detail: 'The gateway failed. Its log has the reason under this requestId.' },
  'upstream-unreachable': {
    detail: 'The gateway could not connect to the upstream. The request was not carried out.',
  },
  'upstream-invalid': {
    detail: 'The upstream returned HTTP status 502 instead of JSON with HTTP 2xx.',
  },
  'upstream-token-rejected': {
    detail:
      "The upstream rejected the gateway's token. The operator must renew GEWE_TOKEN; your key is fine.",
  },
  'store-unavailable': {
    detail: 'The gateway cannot use its store. Nothing was sent to the upstream; try again later.',
  },
  'shutting-down': { detail: 'This gateway is stopping. Send the request again.' },
  'issuer-unavailable': {
    detail:
      'The gateway has no keys of the identity provider to verify the token with. Send the request again later, with the same token.',
  },
  'upstream-timeout': {
    detail: 'The upstream did not answer in time. The request may have been carried out.',
  },
  'list-not-saved': {
    detail: 'No saved list satisfies only-if-cached and max-age. Ask without only-if-cached.',
  },
};

const SAMPLE_REQUEST_ID = '3f0c5b1e-7d0a-4f6e-9a43-5d1f6a9e2b70';

/** Those that callers of the API can get. */
export const CODES = (Object.keys(REFUSALS) as RefusalCode[]).filter(
  (code) => !OPS_CODES.has(code),
);

const FORMATS: readonly RefusalFormat[] = ['http', 'gewe'];

function rendered(code: RefusalCode, format: RefusalFormat, target: string) {
  const sample = SAMPLES[code] ?? { detail: `${REFUSALS[code].title}.` };
  const { detail, members = {} } = sample;
  const one = sample instanceof Refusal ? sample : new Refusal(code, detail, { members });
  return renderRefusal(one, format, target, SAMPLE_REQUEST_ID);
}

/** The example of a code in a format, by the name of the component. */
export function refusalExamples(): Record<string, oas31.ExampleObject> {
  return Object.fromEntries(
    CODES.flatMap((code) =>
      FORMATS.map((format) => {
        const { body } = rendered(code, format, '');
        const value = JSON.parse(body.toString()) as unknown;
        return [exampleName(code, format), { summary: REFUSALS[code].title, value }] as const;
      }),
    ),
  );
}

function exampleName(code: RefusalCode, format: RefusalFormat): string {
  return format === 'http' ? code : `${code}.gewe`;
}

/** RFC 9457, with GEWE's `ret` and `msg`. Codes may have members of their own. */
export const refusal = z
  .looseObject({
    ret: z
      .int()
      .describe("The number of the refusal's status, for programs that read GEWE's `ret`."),
    msg: z.string().describe('A Chinese sentence for people.'),
    code: z.enum(CODES as [RefusalCode]).describe('Decide by this.'),
    type: z.string().describe('The code as a URN.'),
    title: z.string(),
    status: z.int().describe("The refusal's own HTTP status."),
    detail: z.string().describe('What to do, in English.'),
    requestId: z.string().describe('As in `X-Request-Id`, for the operator.'),
    retryAt: z.iso.datetime().describe('When to try again.').optional(),
    onlineSince: z.iso
      .datetime()
      .nullish()
      .describe('Since when the account is online; `null` if its clock has not started.'),
    rule: z.string().describe('The quota that is used up.').optional(),
    limit: z.int().optional(),
    windowSeconds: z.number().optional(),
    left: z.int().optional(),
    reason: z
      .string()
      .describe(
        'Why the credential was not accepted: `missing`, `unknown-credential`, `unknown-issuer`, `malformed`, `algorithm`, `signature`, `expired`, `not-yet-valid`, `audience`, `unknown-key`, `claims` or `revoked`.',
      )
      .optional(),
  })
  .meta({ id: 'Refusal', description: "The gateway's own answer if it does not pass one on." });

type Examples = Record<string, oas31.ReferenceObject>;
/** By status, then by media type. */
type Refusals = Map<number, Map<string, { readonly examples: Examples; codes: Set<RefusalCode> }>>;

/**
 * What these codes look like as answers of one path.
 *
 * @param target the operation or path, which decides whether GEWE's format has status 200
 */
export function refusalsOf(codes: readonly RefusalCode[], target: string): Refusals {
  const all: Refusals = new Map();
  for (const code of codes) {
    for (const format of FORMATS) {
      const { status, contentType } = rendered(code, format, target);
      const types = all.get(status) ?? new Map<string, never>();
      const entry = types.get(contentType) ?? { examples: {}, codes: new Set<RefusalCode>() };
      const $ref = `#/components/examples/${exampleName(code, format)}`;
      entry.examples[code] = { $ref };
      entry.codes.add(code);
      all.set(status, types.set(contentType, entry));
    }
  }
  return all;
}

const HEADERS_OF_STATUS: Readonly<Record<number, readonly CallHeaderName[]>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  409: ['Retry-After'],
  429: ['Retry-After'],
  502: ['Retry-After'],
  503: ['Retry-After'],
  504: ['Retry-After'],
};

/** Makes the responses of refusals; those that several operations have become one component. */
export function createRefusalResponses() {
  const made = new Map<string, ZodOpenApiResponseObject>();
  return (
    status: number,
    types: ReadonlyMap<string, { examples: Examples; codes: Set<RefusalCode> }>,
    headerNames: readonly CallHeaderName[],
    label: string,
  ): ZodOpenApiResponseObject => {
    const codes = [...new Set([...types.values()].flatMap((type) => [...type.codes]))];
    const key = JSON.stringify([status, [...types.keys()], codes, headerNames]);
    const before = made.get(key);
    if (before !== undefined) return before;
    const name = (STATUS_CODES[status] ?? String(status)).replace(/[^A-Za-z]/g, '');
    const response: ZodOpenApiResponseObject = {
      id: `${label}${name}`,
      description: codes.map((code) => `\`${code}\``).join(', '),
      headers: responseHeaders([...headerNames, ...(HEADERS_OF_STATUS[status] ?? [])]),
      content: Object.fromEntries(
        [...types].map(([type, { examples }]) => [type, { schema: refusal, examples }]),
      ),
    };
    made.set(key, response);
    return response;
  };
}
