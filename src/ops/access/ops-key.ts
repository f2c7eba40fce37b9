import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../time.ts';

/** More wrong passwords lock the sign-in. */
export const WRONG_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** What becomes of a password. `lockedForMs`: nobody looked at it. */
export type Attempt = 'right' | 'wrong' | { readonly lockedForMs: number };

/** `OPS_TOKEN`, to compare with. */
export interface OpsKey {
  /** For Bearer tokens, which programs send. Not limited, so that wrong sign-ins cannot lock programs out. */
  isRight(token: string): boolean;
  /** For passwords, which people type. After ten wrong ones in a minute, even the right one is refused, unread. */
  tryPassword(password: string): Attempt;
}

export function createOpsKey(opsToken: string, clock: Pick<Clock, 'monotonic'>): OpsKey {
  const expected = hash(opsToken);
  /** When the last wrong ones came, oldest first; on the monotonic clock. */
  const wrong: number[] = [];

  // Hashes have one length, and comparing them takes the same time wherever they differ.
  const isRight = (token: string) => timingSafeEqual(hash(token), expected);

  return {
    isRight,
    tryPassword(password) {
      const now = clock.monotonic();
      const [oldest = -Infinity] = wrong;
      const lockedForMs = oldest + MINUTE_MS - now;
      if (wrong.length === WRONG_PER_MINUTE && lockedForMs > 0) return { lockedForMs };
      if (isRight(password)) return 'right';
      wrong.push(now);
      if (wrong.length > WRONG_PER_MINUTE) wrong.shift();
      return 'wrong';
    },
  };
}

function hash(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
