import type { IdempotencyStore } from '../../add-contacts/ports.ts';
import { EXPIRED_PER_BEGIN, judgeClaim } from '../idempotency-claim.ts';
import type { IdempotencyClaim } from '../idempotency-claim.ts';

/** First answers that end with the process. */
export function memoryIdempotency(): IdempotencyStore {
  const claims = new Map<string, IdempotencyClaim>();

  /** Keys stand in the order in which they were claimed and live equally long: the oldest come first. */
  function dropExpired(now: number): void {
    let looks = EXPIRED_PER_BEGIN;
    for (const [key, claim] of claims) {
      if (claim.expiresAt > now || looks-- === 0) return;
      claims.delete(key);
    }
  }

  return {
    async begin({ id: key }, fingerprint, { now, leaseUntil, expiresAt }) {
      dropExpired(now);
      const found = judgeClaim(claims.get(key), fingerprint, now);
      if (found.kind === 'begun') {
        claims.delete(key);
        claims.set(key, { fingerprint, leaseUntil, expiresAt, answer: undefined });
      }
      return found;
    },
    async finish({ id: key }, answer) {
      const claim = claims.get(key);
      if (claim !== undefined && claim.answer === undefined) claims.set(key, { ...claim, answer });
    },
    async abandon({ id: key }) {
      // A key with an answer stays: what was carried out cannot be taken back.
      if (claims.get(key)?.answer === undefined) claims.delete(key);
    },
  };
}
