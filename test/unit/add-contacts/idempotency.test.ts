import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  createIdempotency,
  once,
  type FirstAnswer,
  type HeldKey,
  type Idempotency,
  type IdempotentRequest,
} from '../../../src/add-contacts/idempotency.ts';
import { Refusal } from '../../../src/errors.ts';
import { memoryIdempotency } from '../../../src/stores/memory.ts';
import { DAY_MS } from '../../support/quota-rules.ts';
import { movableClock, type MovableClock } from '../../support/movable-clock.ts';

const LEASE_MS = 90_000;
const REQUEST: IdempotentRequest = {
  client: 'crm',
  appId: 'wx_a',
  key: 'k1',
  body: Buffer.from('{"appId":"wx_a"}'),
};
const ANSWER: FirstAnswer = {
  kind: 'answer',
  contentType: 'application/json',
  body: Buffer.from([0x7b, 0xff, 0x00, 0x7d]),
};

let clock: MovableClock;
let idempotency: Idempotency;
beforeEach(() => {
  clock = movableClock();
  idempotency = createIdempotency(memoryIdempotency(), clock, LEASE_MS);
});

async function acquired(changes: Partial<IdempotentRequest> = {}): Promise<HeldKey> {
  const result = await idempotency.acquire({ ...REQUEST, ...changes });
  if (result.kind !== 'acquired') throw new Error(`Not acquired: ${result.kind}`);
  return result.key;
}

describe('a key', () => {
  test.each<FirstAnswer>([
    ANSWER,
    { kind: 'refusal', code: 'upstream-timeout', detail: 'Nobody knows.' },
    {
      kind: 'refusal',
      code: 'account-too-young',
      detail: 'Too young.',
      msg: '账号在线未满 72 小时，11月29日 19:45 后可加人',
      members: { rule: 'account-age', onlineSince: null, retryAt: '2026-11-29T11:45:00.000Z' },
    },
  ])('that was completed gives its first answer back, byte for byte: %j', async (answer) => {
    await (await acquired()).complete(answer);
    expect(await idempotency.acquire(REQUEST)).toEqual({ kind: 'replay', answer });
  });

  test('that was released is free', async () => {
    await (await acquired()).release();
    await acquired();
  });

  test('is refused while its request is under way, and says when to ask again', async () => {
    await acquired();
    await expect(idempotency.acquire(REQUEST)).rejects.toMatchObject({
      code: 'idempotency-in-progress',
      headers: { 'Retry-After': '1' },
    });
  });

  test('with another body is refused, under way or completed', async () => {
    const other = { ...REQUEST, body: Buffer.from('{"appId":"wx_a" }') };
    const key = await acquired();
    await expect(idempotency.acquire(other)).rejects.toMatchObject({
      code: 'idempotency-mismatch',
    });
    await key.complete(ANSWER);
    await expect(idempotency.acquire(other)).rejects.toMatchObject({
      code: 'idempotency-mismatch',
    });
  });

  test('whose holder never came back reads as a timeout when its lease is over', async () => {
    await acquired();
    clock.advance(LEASE_MS - 1);
    await expect(idempotency.acquire(REQUEST)).rejects.toMatchObject({ status: 409 });
    clock.advance(1);
    expect(await idempotency.acquire(REQUEST)).toMatchObject({
      kind: 'replay',
      answer: { kind: 'refusal', code: 'upstream-timeout' },
    });
  });

  test('is kept for 24 hours from the first request on', async () => {
    const key = await acquired();
    clock.advance(30_000);
    await key.complete(ANSWER);
    clock.advance(DAY_MS - 30_001);
    expect(await idempotency.acquire(REQUEST)).toMatchObject({ kind: 'replay' });
    clock.advance(1);
    await acquired();
  });
});

test.each<[string, Partial<IdempotentRequest>]>([
  ['client', { client: 'report' }],
  ['appId', { appId: 'wx_b' }],
  ['key', { key: 'K1' }],
  ['parts that read alike when joined', { client: 'crmwx', appId: '_a' }],
])('another %s is another key', async (_what, changes) => {
  await (await acquired()).complete(ANSWER);
  await acquired(changes);
});

test('once gives a refusal again as it was the first time, with its msg and members', async () => {
  const first = {
    code: 'upstream-timeout',
    detail: 'Nobody knows.',
    msg: '上游未及时响应，19:45 后可再试',
    members: { retryAt: '2026-11-29T11:45:00.000Z' },
  } as const;
  const refusal = new Refusal(first.code, first.detail, first);
  const attempt = async () => ({ kind: 'refused', refusal, usage: [], spent: true }) as const;

  expect(await once(idempotency, REQUEST, attempt)).toMatchObject({ kind: 'first' });
  expect(await once(idempotency, REQUEST, attempt)).toEqual({
    kind: 'replayed',
    answer: { kind: 'refusal', ...first },
  });
});

test('the store sees neither the key nor the body, only hashes', async () => {
  const seen: string[] = [];
  const store = memoryIdempotency();
  const acquire: typeof store.acquire = (key, fingerprint, times) => {
    seen.push(key.id, fingerprint);
    return store.acquire(key, fingerprint, times);
  };
  await createIdempotency({ ...store, acquire }, clock, LEASE_MS).acquire(REQUEST);
  expect(seen).toEqual(seen.filter((one) => /^[\w-]{43}$/.test(one)));
});
