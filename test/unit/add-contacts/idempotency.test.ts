import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  createIdempotency,
  once,
  type Claim,
  type FirstAnswer,
  type Idempotency,
  type IdempotencyScope,
} from '../../../src/add-contacts/idempotency.ts';
import { Refusal } from '../../../src/errors.ts';
import { memoryIdempotency } from '../../../src/stores/memory.ts';
import { DAY_MS } from '../../support/quota-rules.ts';
import { movableClock, type MovableClock } from '../../support/movable-clock.ts';

const LEASE_MS = 90_000;
const SCOPE: IdempotencyScope = {
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

async function claimed(scope: Partial<IdempotencyScope> = {}): Promise<Claim> {
  const claim = await idempotency.claim({ ...SCOPE, ...scope });
  if (claim.kind !== 'claimed') throw new Error(`Not claimed: ${claim.kind}`);
  return claim.claim;
}

describe('a claim', () => {
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
  ])('that was finished gives its first answer back, byte for byte: %j', async (answer) => {
    await (await claimed()).finish(answer);
    expect(await idempotency.claim(SCOPE)).toEqual({ kind: 'replay', answer });
  });

  test('that was abandoned is free', async () => {
    await (await claimed()).abandon();
    await claimed();
  });

  test('is refused while it is under way, and says when to ask again', async () => {
    await claimed();
    await expect(idempotency.claim(SCOPE)).rejects.toMatchObject({
      code: 'idempotency-in-progress',
      headers: { 'Retry-After': '1' },
    });
  });

  test('with another body is refused, under way or finished', async () => {
    const other = { ...SCOPE, body: Buffer.from('{"appId":"wx_a" }') };
    const claim = await claimed();
    await expect(idempotency.claim(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
    await claim.finish(ANSWER);
    await expect(idempotency.claim(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  });

  test('whose owner never came back reads as a timeout when its lease is over', async () => {
    await claimed();
    clock.advance(LEASE_MS - 1);
    await expect(idempotency.claim(SCOPE)).rejects.toMatchObject({ status: 409 });
    clock.advance(1);
    expect(await idempotency.claim(SCOPE)).toMatchObject({
      kind: 'replay',
      answer: { kind: 'refusal', code: 'upstream-timeout' },
    });
  });

  test('is kept for 24 hours from the first request on', async () => {
    const claim = await claimed();
    clock.advance(30_000);
    await claim.finish(ANSWER);
    clock.advance(DAY_MS - 30_001);
    expect(await idempotency.claim(SCOPE)).toMatchObject({ kind: 'replay' });
    clock.advance(1);
    await claimed();
  });
});

test.each<[string, Partial<IdempotencyScope>]>([
  ['client', { client: 'report' }],
  ['appId', { appId: 'wx_b' }],
  ['key', { key: 'K1' }],
  ['parts that read alike when joined', { client: 'crmwx', appId: '_a' }],
])('another %s is another claim', async (_what, scope) => {
  await (await claimed()).finish(ANSWER);
  await claimed(scope);
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

  expect(await once(idempotency, SCOPE, attempt)).toMatchObject({ kind: 'first' });
  expect(await once(idempotency, SCOPE, attempt)).toEqual({
    kind: 'replayed',
    answer: { kind: 'refusal', ...first },
  });
});

test('the store sees neither the key nor the body, only hashes', async () => {
  const seen: string[] = [];
  const store = memoryIdempotency();
  const begin: typeof store.begin = (key, fingerprint, times) => {
    seen.push(key.id, fingerprint);
    return store.begin(key, fingerprint, times);
  };
  await createIdempotency({ ...store, begin }, clock, LEASE_MS).claim(SCOPE);
  expect(seen).toEqual(seen.filter((one) => /^[\w-]{43}$/.test(one)));
});
