/** Quotas after a restore. What was charged between the backup and the restore is not known any more. */
import type { Attempt, QuotaRule } from './rules.ts';

/** The longest window of the rules for addContacts, milliseconds. */
const LONGEST_WINDOW_MS = 24 * 3_600_000;

/** Until when a restore uses up quotas, milliseconds since the epoch. */
export function quotasBlockedUntil(restoredAt: number): number {
  return restoredAt + LONGEST_WINDOW_MS;
}

/**
 * Attempts in the place of those that are not known: at the last possible instant, as many as use up every rule per account,
 * whatever its limit at that age. They belong to no target, so rules per target do not count them.
 *
 * @param restoredAt milliseconds since the epoch
 */
export function unknownAttempts(
  rules: readonly QuotaRule[],
  restoredAt: number,
  now: number,
): Attempt[] {
  const counting = rules.filter(
    ({ per, windowMs }) => per === 'account' && restoredAt > now - windowMs,
  );
  return (['add', 'accept'] as const).flatMap((kind) => {
    const limits = counting
      .filter((rule) => rule.kind === kind)
      .flatMap((rule) => rule.limits.map(({ limit }) => limit));
    const attempt = { kind, target: '', at: restoredAt };
    return Array.from({ length: Math.max(0, ...limits) }, () => attempt);
  });
}
