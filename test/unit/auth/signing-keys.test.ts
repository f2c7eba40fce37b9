import { expect, test } from '@jest/globals';
import { createSigningKeys, newSigningKey } from '../../../src/auth/signing-keys.ts';
import { movableClock } from '../../support/movable-clock.ts';

const HOUR_MS = 3_600_000;

test('the key that does not retire signs, also if it is the older one, because the clock was set back', async () => {
  const clock = movableClock();
  const next = newSigningKey(clock.now() - HOUR_MS);
  const old = { ...newSigningKey(clock.now()), retiresAt: clock.now() + 60_000 };
  const keys = createSigningKeys({ signingKeys: async () => [old, next] }, clock);
  expect(await keys.find(old.id)).toBe(old);
  expect(await keys.current()).toBe(next);
  clock.advance(60_000);
  expect(await keys.find(old.id)).toBeUndefined();
  expect(await keys.current()).toBe(next);
});
