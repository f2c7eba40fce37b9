import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { addBody } from '../../support/add-contacts.ts';
import { listBytes } from '../../support/lists.ts';
import type { RawAnswer } from '../../support/raw-client.ts';

/** One request, and the responses that it may get. */
export interface SoakRequest {
  readonly id: string;
  readonly head: string;
  readonly body: string;
  /** The fault of this response; undefined if this request may get it. */
  wrong(answer: RawAnswer): string | undefined;
}

type Random = (below: number) => number;

const KEYS = { crm: 'gwk_soak_crm', reader: 'gwk_soak_reader' } as const;
const BODY_LIMIT_BYTES = 8192;

export const SOAK_ENV = { BODY_LIMIT_BYTES: String(BODY_LIMIT_BYTES) };

/** The clients file; `note` changes only its bytes. */
export function soakClients(note: string): string {
  const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`;
  return [
    `# ${note}`,
    'clients:',
    `  crm: { keys: ["${hash(KEYS.crm)}"], operations: [all], requestsPerMinute: 10000000 }`,
    `  reader: { keys: ["${hash(KEYS.reader)}"], appIds: ["wx_*"], requestsPerMinute: 10000000 }`,
    '',
  ].join('\n');
}

export const ACCOUNTS = Array.from({ length: 40 }, (_, n) => `wx_${n}`);
/** An account whose list exceeds the buffers of a socket, for slow readers. */
export const BIG_ACCOUNT = 'wx_big';

/** A list that contains its account. Some are large enough to be compressed. */
export function soakList(appId: string): string {
  const friends = appId === BIG_ACCOUNT ? 100_000 : appId.endsWith('0') ? 500 : 10;
  return listBytes(appId, ...Array.from({ length: friends }, (_, n) => `wxid_${n}_of_a_list`));
}

interface Draft {
  readonly target?: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly key?: string;
  wrong(answer: RawAnswer): string | undefined;
}

function request(id: string, draft: Draft): SoakRequest {
  const { target = 'search', method = 'POST', headers = [], body = '{}', key = KEYS.crm } = draft;
  const lines = [
    `${method} /contacts/${target} HTTP/1.1`,
    'Host: gateway.test',
    `Authorization: Bearer ${key}`,
    `X-Request-Id: ${id}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(headers.some((line) => /^content-type/i.test(line))
      ? []
      : ['Content-Type: application/json']),
    ...headers,
  ];
  return { id, head: `${lines.join('\r\n')}\r\n\r\n`, body, wrong: draft.wrong };
}

const UPSTREAM_FAILED = [502, 504];

function decoded({ headers, body }: RawAnswer): string {
  const decoders: Record<string, (bytes: Buffer) => Buffer> = {
    br: brotliDecompressSync,
    gzip: gunzipSync,
    zstd: zstdDecompressSync,
  };
  return (decoders[headers.get('content-encoding') ?? '']?.(body) ?? body).toString();
}

/** A 200 must contain `proof`, which no other request's response has; otherwise the upstream has failed. */
function holding(proof: string, ...alsoFine: number[]): Draft['wrong'] {
  return (answer) => {
    const { status } = answer;
    if ([...UPSTREAM_FAILED, ...alsoFine].includes(status)) return undefined;
    const text = decoded(answer);
    return status === 200 && text.includes(proof)
      ? undefined
      : `${status} without ${proof}: ${text.slice(0, 200)}`;
  };
}

/** A list must be the account's own, byte for byte. */
function listOf(appId: string): Draft['wrong'] {
  return (answer) => {
    if (UPSTREAM_FAILED.includes(answer.status)) return undefined;
    const right = answer.status === 200 && decoded(answer) === soakList(appId);
    return right ? undefined : `${answer.status}, not the list of ${appId}`;
  };
}

function refused(status: number, code: string): Draft['wrong'] {
  return (answer) =>
    answer.status === status && answer.body.includes(`"code":"${code}"`)
      ? undefined
      : `${answer.status} instead of ${status} ${code}: ${answer.body.toString().slice(0, 200)}`;
}

const LIST_HEADERS = [
  [],
  ['Prefer: wait=0'],
  ['Prefer: wait=1'],
  ['Cache-Control: only-if-cached'],
  ['Cache-Control: max-age=1'],
  ['Cache-Control: no-cache'],
  ['Cache-Control: stale-if-error=0'],
  ['Accept-Encoding: br'],
  ['Accept-Encoding: gzip'],
  ['Accept-Encoding: zstd'],
];

const BAD: readonly Draft[] = [
  { key: 'gwk_unknown', wrong: refused(401, 'unauthenticated') },
  {
    key: KEYS.reader,
    target: 'deleteFriend',
    body: '{"appId":"wx_1"}',
    wrong: refused(403, 'operation-not-allowed'),
  },
  { key: KEYS.reader, body: '{"appId":"other"}', wrong: refused(403, 'app-not-allowed') },
  { target: 'no/such', wrong: refused(404, 'not-found') },
  { method: 'PUT', wrong: refused(405, 'method-not-allowed') },
  { body: '{"appId":', wrong: refused(400, 'invalid-json') },
  { body: '{"appId":"wx_1","app\\u0049d":"wx_2"}', wrong: refused(400, 'duplicate-key') },
  { body: '{"appId":"/"}', wrong: refused(400, 'invalid-app-id') },
  {
    body: JSON.stringify({ appId: 'wx_1', pad: 'x'.repeat(BODY_LIMIT_BYTES) }),
    wrong: refused(413, 'body-too-large'),
  },
  { headers: ['Content-Type: text/plain'], wrong: refused(415, 'unsupported-media-type') },
];

/** The request with this id, of a random kind and for a random account. */
export function soakRequest(id: string, random: Random): SoakRequest {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  const appId = pick(ACCOUNTS);
  const kind = random(100);
  if (kind < 45) {
    const headers = pick(LIST_HEADERS);
    return request(id, {
      target: 'fetchContactsList',
      headers,
      body: JSON.stringify({ appId }),
      wrong: listOf(appId),
    });
  }
  if (kind < 55) {
    return request(id, {
      target: 'fetchContactsListCache',
      body: JSON.stringify({ appId }),
      wrong: listOf(appId),
    });
  }
  if (kind < 75) {
    const target = pick(['getBriefInfo', 'getDetailInfo', 'checkRelation']);
    return request(id, {
      target,
      body: JSON.stringify({ appId, wxids: [id] }),
      wrong: holding(`"${id}"`),
    });
  }
  if (kind < 85) {
    const headers = pick([
      [],
      [`Idempotency-Key: one-of-few-${random(5)}`],
      [`Idempotency-Key: ${id}`],
    ]);
    const body = JSON.stringify(addBody(appId, `v3_${random(10)}`, pick([2, '2', 3, 4])));
    return request(id, {
      target: 'addContacts',
      headers,
      body,
      wrong: holding('"ret":200', 409, 422, 429),
    });
  }
  return request(id, pick(BAD));
}

/** For slow readers. */
export function bigListRequest(id: string): SoakRequest {
  const body = JSON.stringify({ appId: BIG_ACCOUNT });
  return request(id, { target: 'fetchContactsList', body, wrong: listOf(BIG_ACCOUNT) });
}
