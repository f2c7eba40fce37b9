import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  createIdempotency,
  type Claim,
  type FirstAnswer,
  type Idempotency,
  type IdempotencyScope,
} from '../../../src/add-contacts/idempotency.ts';
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

describe('the claim of an Idempotency-Key', () => {
  test.each<FirstAnswer>([
    ANSWER,
    { kind: 'refusal', code: 'upstream-timeout', detail: 'Nobody knows.' },
  ])('replays its first response after it was finished: %j', async (answer) => {
    await (await claimed()).finish(answer);
    expect(await idempotency.claim(SCOPE)).toEqual({ kind: 'replay', answer });
  });

  test('is free after it was abandoned', async () => {
    await (await claimed()).abandon();
    await claimed();
  });

  test('is refused as in progress while unfinished, with the time to ask again', async () => {
    await claimed();
    await expect(idempotency.claim(SCOPE)).rejects.toMatchObject({
      code: 'idempotency-in-progress',
      headers: { 'Retry-After': '1' },
    });
  });

  test('is refused for another body, whether it is unfinished or finished', async () => {
    const other = { ...SCOPE, body: Buffer.from('{"appId":"wx_a" }') };
    const claim = await claimed();
    await expect(idempotency.claim(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
    await claim.finish(ANSWER);
    await expect(idempotency.claim(other)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
  });

  test('counts as a timeout after its lease has ended without a response', async () => {
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
])('another %s makes another claim', async (_what, scope) => {
  await (await claimed()).finish(ANSWER);
  await claimed(scope);
});

test('the store gets hashes only, neither the key nor the body', async () => {
  const seen: string[] = [];
  const store = memoryIdempotency();
  const begin: typeof store.begin = (key, fingerprint, times) => {
    seen.push(key.id, fingerprint);
    return store.begin(key, fingerprint, times);
  };
  await createIdempotency({ ...store, begin }, clock, LEASE_MS).claim(SCOPE);
  expect(seen).toEqual(seen.filter((one) => /^[\w-]{43}$/.test(one)));
});
