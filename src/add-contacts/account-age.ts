import { Refusal, retryAt } from '../errors.ts';
import type { AddContactsPolicy } from './policy.ts';
import type { AccountRecord } from './ports.ts';

export type Standing =
  /** Online since then: an operator's word, or the first time that the upstream answered for it. */
  | { readonly kind: 'known'; readonly onlineSince: number; readonly by: 'operator' | 'sight' }
  /** The policy says to trust accounts that nobody declared. */
  | { readonly kind: 'trusted' }
  | { readonly kind: 'unknown' };

/**
 * Since when an account counts as online. An operator's word through the admin API comes before the policy file's,
 * and both before what the gateway saw, which can only be later than the truth.
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

/** The instant from which the rules of age count; undefined for an account trusted to be old. */
export function onlineSinceOf(standing: Standing, now: number): number | undefined {
  if (standing.kind === 'known') return standing.onlineSince;
  return standing.kind === 'trusted' ? undefined : now;
}

/** Whether the account is younger than `minimumMs`. */
export function isYoungerThan(standing: Standing, minimumMs: number, now: number): boolean {
  const onlineSince = onlineSinceOf(standing, now);
  return onlineSince !== undefined && now - onlineSince < minimumMs;
}

export function tooYoung(standing: Standing, minimumMs: number, now: number): Refusal {
  const onlineSince = onlineSinceOf(standing, now) ?? now;
  const opens = retryAt(onlineSince + minimumMs, now);
  const isKnown = standing.kind === 'known';
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
