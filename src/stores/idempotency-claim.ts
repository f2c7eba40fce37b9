import type { Begin } from '../add-contacts/ports.ts';

/** What is known of a key that was claimed before. Instants are milliseconds since the epoch. */
export interface IdempotencyClaim {
  readonly fingerprint: string;
  readonly leaseUntil: number;
  readonly expiresAt: number;
  /** Undefined until the owner has finished. */
  readonly answer: Buffer | undefined;
}

/** What `begin` finds at `now`; `begun` where the caller may claim the key. */
export function judgeClaim(
  claim: IdempotencyClaim | undefined,
  fingerprint: string,
  now: number,
): Begin {
  if (claim === undefined || claim.expiresAt <= now) return { kind: 'begun' };
  if (claim.fingerprint !== fingerprint) return { kind: 'mismatch' };
  if (claim.answer !== undefined) return { kind: 'finished', answer: claim.answer };
  return { kind: claim.leaseUntil > now ? 'in-progress' : 'lost' };
}

/** How many expired keys one `begin` clears away: more than it adds, and never a long wait. */
export const EXPIRED_PER_BEGIN = 32;
