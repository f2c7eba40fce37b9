import type { AddContactsPolicy } from './policy.ts';
import type { AccountRecord } from './ports.ts';

export type Standing =
  /**
   * Online since an instant that an operator declared, or at which the upstream first answered `ret` 200 for it
   * (`sight`).
   */
  | { readonly kind: 'known'; readonly onlineSince: number; readonly by: 'operator' | 'sight' }
  /** Not declared, and the policy trusts such accounts. */
  | { readonly kind: 'trusted' }
  | { readonly kind: 'unknown' };

/**
 * Since when an account counts as online. A declaration through the admin API takes precedence over one in the policy
 * file, and both over the gateway's own observation, which can only be too late.
 */
export function standingOf(
  record: AccountRecord | undefined,
  inPolicyFile: number | undefined,
  unknown: AddContactsPolicy['accountAge']['unknown'],
): Standing {
  const declared = record?.declaredOnlineSince ?? inPolicyFile;
  if (declared !== undefined) return { kind: 'known', onlineSince: declared, by: 'operator' };
  if (unknown === 'trust') return { kind: 'trusted' };
  const seen = record?.firstSeenAt;
  return seen === undefined
    ? { kind: 'unknown' }
    : { kind: 'known', onlineSince: seen, by: 'sight' };
}

/** Where a declared account was declared. */
export function declaredBy(record: AccountRecord | undefined): 'admin-api' | 'policy-file' {
  return record?.declaredOnlineSince === undefined ? 'policy-file' : 'admin-api';
}

/**
 * The instant from which the limits by age count, milliseconds since the epoch. `Infinity` for an account whose clock
 * has not started, so that it stays at the first step. Undefined for an account that is trusted to be old.
 */
export function onlineSinceOf(standing: Standing): number | undefined {
  if (standing.kind === 'known') return standing.onlineSince;
  return standing.kind === 'trusted' ? undefined : Infinity;
}

/** Whether the account is younger than `minimumMs`. */
export function isYoungerThan(standing: Standing, minimumMs: number, now: number): boolean {
  if (standing.kind === 'unknown') return minimumMs > 0;
  return standing.kind === 'known' && now - standing.onlineSince < minimumMs;
}

/**
 * When the account is old enough to add, milliseconds since the epoch: `-Infinity` if its age does not matter,
 * `Infinity` if its clock has not started.
 */
export function oldEnoughAt(
  standing: Standing,
  { minimumMs, mode }: Pick<AddContactsPolicy['accountAge'], 'minimumMs' | 'mode'>,
): number {
  if (mode !== 'block' || standing.kind === 'trusted') return -Infinity;
  if (standing.kind === 'known') return standing.onlineSince + minimumMs;
  return minimumMs > 0 ? Infinity : -Infinity;
}
