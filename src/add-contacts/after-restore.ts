/** Quotas after a restore. What was charged between the backup and the restore is not known any more. */
import type { QuotaRule } from './rules.ts';

/** The longest window of the default policy, milliseconds. A gap between two attempts can be set to more. */
const DAY_MS = 24 * 3_600_000;

/** Until when a restore uses up the quotas of a day, milliseconds since the epoch. */
export function quotasBlockedUntil(restoredAt: number): number {
  return restoredAt + DAY_MS;
}

/**
 * The rules, used up as if each limit had been reached in the last instant before the restore. So each one opens when its own
 * window is over; one per target does so for every target.
 *
 * @param restoredAt milliseconds since the epoch; undefined if there was no restore
 */
export function usedUpByRestore(
  rules: readonly QuotaRule[],
  restoredAt: number | undefined,
): readonly QuotaRule[] {
  if (restoredAt === undefined) return rules;
  return rules.map((rule) => ({ ...rule, usedUpUntil: restoredAt + rule.windowMs }));
}
