import { Refusal, retryAt } from '../errors.ts';
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
 * The refusal of an account that is too young.
 *
 * @param quotasOpenAt when every quota has one left for the attempt, milliseconds since the epoch. Before that, `retryAt`
 *   would only lead to the next refusal.
 */
export function tooYoung(
  standing: Standing,
  minimumMs: number,
  quotasOpenAt: number,
  now: number,
): Refusal {
  const isKnown = standing.kind === 'known';
  const onlineSince = isKnown ? standing.onlineSince : now;
  const opens = retryAt(Math.max(onlineSince + minimumMs, quotasOpenAt), now);
  return new Refusal(
    'account-too-young',
    isKnown
      ? `The account must be online for ${minimumMs / 3_600_000} hours before it adds people. An operator can declare since when it is online.`
      : 'The upstream does not confirm that this account is online, so its clock has not started. Log it in, or have an operator declare since when it is online.',
    {
      headers: opens.headers,
      members: {
        onlineSince: isKnown ? new Date(onlineSince).toISOString() : null,
        ...opens.members,
      },
    },
  );
}
