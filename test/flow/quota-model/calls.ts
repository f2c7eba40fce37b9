/** Calls to both listeners, and their responses in the terms of the model. */
import { ACCEPT, ADD, addBody, readQuotas, REJECT } from '../../support/add-contacts.ts';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../../support/http-client.ts';
import type { Ask, Seen } from './words.ts';

const OPTIONS = { add: ADD, accept: ACCEPT, reject: REJECT } as const;

export function post(url: string, { kind, appId, person, key }: Ask): Promise<HttpAnswer> {
  return httpCall(url, {
    path: '/contacts/addContacts',
    headers: key === undefined ? GOOD_HEADERS : { ...GOOD_HEADERS, 'Idempotency-Key': key },
    body: JSON.stringify(addBody(appId, `v3_${person}`, OPTIONS[kind])),
  });
}

/** @param forwarded how many times the call was seen to reach the upstream; by default according to its status */
export function seenOf(answer: HttpAnswer, forwarded?: number): Seen {
  const { status, headers } = answer;
  const { ret, code, retryAt, onlineSince } = answer.json() as unknown as Seen;
  const isReplay = headers['idempotency-replayed'] === 'true';
  const { policy, left } = readQuotas(headers as Record<string, string>);
  const quotas = policy.map(({ name, q, w }, i) => {
    const { r, t } = left[i] ?? { name };
    return { name, q: Number(q), w: Number(w), r: Number(r), t: Number(t) };
  });
  return {
    status,
    ret,
    code,
    retryAt,
    retryAfter: headers['retry-after'],
    onlineSince,
    isReplay,
    forwarded: forwarded ?? (status === 200 && !isReplay ? 1 : 0),
    quotas: quotas.filter(({ name }) => name !== 'client'),
  };
}

/** In an order that does not depend on which came first. */
export function sorted(seen: readonly Seen[]): readonly Seen[] {
  const text = ({ status, quotas }: Seen) => JSON.stringify([status, quotas]);
  return seen.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** The response to GET, PUT or DELETE /admin/accounts/{appId}. */
export function callAdmin(
  opsUrl: string,
  method: string,
  appId: string,
  body?: unknown,
): Promise<HttpAnswer> {
  return httpCall(opsUrl, {
    method,
    path: `/admin/accounts/${appId}`,
    headers: { 'Content-Type': 'application/json', Origin: opsUrl },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** The account as the admin API shows it; undefined if it is unknown. */
export async function readAccount(opsUrl: string, appId: string): Promise<unknown> {
  const answer = await callAdmin(opsUrl, 'GET', appId);
  if (answer.status === 404) return undefined;
  const { onlineSince, firstSeenAt, addOpensAt, quotas } = answer.json();
  return { appId, onlineSince, firstSeenAt, addOpensAt, quotas };
}
