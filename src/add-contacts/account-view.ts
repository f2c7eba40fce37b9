import type { Clock } from '../time.ts';
import { oldEnoughAt, onlineSinceOf, standingOf, type Standing } from './account-age.ts';
import { acceptRules, addRules, type AddContactsPolicy } from './policy.ts';
import type { AccountClocks, AccountRecord, Ledger } from './ports.ts';
import { nextAddAt, type QuotaUsage } from './rules.ts';

/** What the gateway knows of an account, and what it would let it do. Instants are milliseconds since the epoch. */
export interface AccountView {
  readonly appId: string;
  /** Whether the account was ever declared or seen. */
  readonly isKnown: boolean;
  /** The time of this view. */
  readonly now: number;
  readonly record: AccountRecord | undefined;
  readonly standing: Standing;
  /** Whether the gateway would let the account add a person that it has not added before. */
  readonly canAddNow: boolean;
  /** When that will be. Undefined if it is now, and for an account that is not known. */
  readonly nextAddAt: number | undefined;
  /** Of the account's quotas for adding and accepting, not of those per target. */
  readonly usage: readonly QuotaUsage[];
}

export interface AccountViews {
  /** Asks nothing of the upstream, charges nothing and starts no clock. Rejects if the store fails. */
  view(appId: string): Promise<AccountView>;
}

interface AccountViewsParts {
  readonly clocks: Pick<AccountClocks, 'find'>;
  readonly ledger: Pick<Ledger, 'usage'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly policy: AddContactsPolicy;
  /** Since when accounts are online, by the policy file. */
  readonly declared: ReadonlyMap<string, number>;
}

export function createAccountViews(parts: AccountViewsParts): AccountViews {
  const { clocks, ledger, clock, policy, declared } = parts;
  return {
    async view(appId) {
      const record = await clocks.find(appId);
      const standing = standingOf(record, declared.get(appId), policy.accountAge.unknown);
      const rules = [
        ...addRules(policy.add, onlineSinceOf(standing)),
        ...acceptRules(policy.accept),
      ];
      const usage = await ledger.usage(appId, rules, undefined);
      const now = clock.now();
      const isKnown = standing.kind === 'known' || record?.firstSeenAt !== undefined;
      const opensAt = nextAddAt(usage, oldEnoughAt(standing, policy.accountAge), now);
      return {
        appId,
        isKnown,
        now,
        record,
        standing,
        canAddNow: opensAt === undefined,
        nextAddAt: isKnown ? opensAt : undefined,
        usage,
      };
    },
  };
}
