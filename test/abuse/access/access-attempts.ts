/** The requests of access.test.ts, and the many ways to write them. */
import fc from 'fast-check';
import { hashKey } from '../../../src/settings/clients.ts';
import { CLIENTS } from './access-clients.ts';
import { PREFIXES, READS, WRITES, type Asked, type ShownKeys } from './access-model.ts';
import { rawPost } from '../../support/raw-client.ts';
import { SPELLINGS, type Spell } from './target-spellings.ts';

/** Known operations, a future one, and some named like a group of operations. */
export const OPERATIONS = [...READS, ...WRITES, 'tomorrow', 'read', 'write', 'all', 'constructor'];

/** Accounts that some client may use, and accounts with similar names. */
export const APP_IDS = [
  'wx_one',
  'wx_sales_1',
  'wx_sales_2',
  'wx_sales_',
  'wx_sales',
  'wx_on',
  'wx_one2',
  'wx_one.',
  'wx_one:',
  'xwx_one',
  'wx-one',
  'WX_ONE',
  'Wx_Sales_1',
  'x_wx_sales_1',
  'wx_a_mid_b',
  'wx_mid_b',
  'wx__mid_b',
  'wx_a_mid_bc',
];

const NOT_APP_IDS = ['wx_one ', ' wx_one', 'wx_one\u0000', 'wx_one/', 'wx_one*', '*', '', 'wx_оne'];

/** Clients whose key is accepted. */
const POWERFUL = CLIENTS.filter(({ rights }) => rights.operations?.includes('all'));

/** Headers with which some software lets a caller override the request line. */
const TRICKS = [
  'X-HTTP-Method-Override: GET',
  'X-Original-URL: /contacts/search',
  'X-Rewrite-URL: /contacts/search',
  'X-Original-URI: /admin/lists/wx_one',
  'X-Forwarded-Prefix: /v2/api/contacts/search',
  'X-Forwarded-Path: /contacts/search',
  'X-Forwarded-Host: 127.0.0.1:9090',
  'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-Proto: https',
  'X-Real-IP: 127.0.0.1',
  'Forwarded: for=127.0.0.1;host=localhost;proto=https',
  'Connection: X-GEWE-TOKEN, X-API-Key, Authorization',
  'Proxy-Connection: keep-alive',
  'Upgrade: h2c',
  'X-AppId: wx_one',
  'X-Operation: search',
  'X-Request-Id: wx_one',
  ...POWERFUL.flatMap(({ name, key }) => [
    `Proxy-Authorization: Bearer ${key}`,
    `Cookie: key=${key}; Authorization=Bearer ${key}`,
    `X-Client: ${name}`,
    `X-Forwarded-Authorization: Bearer ${key}`,
    `X-Forwarded-Access-Token: ${key}`,
    `Api-Key: ${key}`,
    `X_API_Key: ${key}`,
    `X-API-Key-: ${key}`,
  ]),
];

/** Ways to ask for the saved list; all others ask the upstream. */
const SAVED_LIST = ['Cache-Control: only-if-cached', 'Cache-Control: max-age=86400'];
const LIVE = ['Cache-Control: stale-if-error=0', 'Prefer: wait=30'];

const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/json; charset=gbk',
  'application/json, text/plain',
  'multipart/form-data; boundary=application/json',
];

export interface Attempt extends Asked {
  /** Header lines that must have no effect. */
  readonly tricks: readonly string[];
  readonly directive: string | undefined;
  readonly encoding: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** Whether an allowed request gets the saved list, so that nothing is sent upstream. */
export function asksForSavedList({ directive = '' }: Attempt): boolean {
  return SAVED_LIST.includes(directive);
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>, usually: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usually) }, { weight: 1, arbitrary });

const anyKey = fc
  .oneof(fc.constantFrom(...CLIENTS), fc.constantFrom(...POWERFUL))
  .map(({ key }) => key);
const noKey = anyKey.chain((key) =>
  fc.constantFrom(`${key}x`, key.slice(0, -1), key.toUpperCase(), `${key}, ${key}`, hashKey(key)),
);
const shown = fc.option(
  fc.oneof({ weight: 4, arbitrary: anyKey }, { weight: 1, arbitrary: noKey }),
  {
    nil: undefined,
  },
);
const keys: fc.Arbitrary<ShownKeys> = fc.oneof(
  anyKey.map((bearer) => ({ bearer, apiKey: undefined, geweToken: undefined })),
  fc.record({ bearer: shown, apiKey: shown, geweToken: shown }),
);

const target = fc
  .tuple(
    fc.constantFrom(...PREFIXES),
    // The two operations that save something get half of the tries.
    fc.oneof(fc.constantFrom('fetchContactsList', 'addContacts'), fc.constantFrom(...OPERATIONS)),
    rarely(fc.constantFrom<Spell>(...SPELLINGS), (plain) => plain),
  )
  .map(([prefix, operation, spell]) => spell(`${prefix}/contacts/${operation}`, operation));

/** Any request of any client. Some of them are allowed. */
export const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  target,
  keys,
  contentType: rarely(
    fc.constantFrom('application/JSON; charset=UTF-8', ...CONTENT_TYPES),
    'application/json',
  ),
  appId: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...APP_IDS) },
    { weight: 1, arbitrary: fc.constantFrom(...NOT_APP_IDS) },
  ),
  tricks: fc.subarray(TRICKS, { maxLength: 4 }),
  directive: fc.constantFrom(undefined, ...SAVED_LIST, ...LIVE),
  encoding: fc.constantFrom(undefined, 'gzip', 'br', 'zstd', 'identity'),
  idempotencyKey: fc.constantFrom(undefined, 'key-1', 'key-2'),
});

/** The same request in plain spelling: one cell of the table of clients, operations and accounts. */
export function plainAttempt(key: string, operation: string, appId: string): Attempt {
  return {
    target: `/contacts/${operation}`,
    keys: { bearer: key, apiKey: undefined, geweToken: undefined },
    contentType: 'application/json',
    appId,
    tricks: [],
    directive: undefined,
    encoding: undefined,
    idempotencyKey: undefined,
  };
}

/** The bytes of the request. `option` 4 rejects a friend request, the only addContacts that no quota counts. */
export function requestOf(attempt: Attempt): string {
  const { bearer, apiKey, geweToken } = attempt.keys;
  const lines = [
    ['Authorization: Bearer ', bearer],
    ['X-API-Key: ', apiKey],
    ['X-GEWE-TOKEN: ', geweToken],
    ['Content-Type: ', attempt.contentType],
    ['Accept-Encoding: ', attempt.encoding],
    ['Idempotency-Key: ', attempt.idempotencyKey],
    ['', attempt.directive],
    ...attempt.tricks.map((trick) => ['', trick] as const),
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}${value}`]));
  const body = JSON.stringify({ appId: attempt.appId, option: 4, v3: 'v3_ann' });
  return rawPost(attempt.target, lines, body);
}
