/** Since when accounts are online: the last paragraph of section 7. */
import { DAY_MS } from '../../support/add-contacts.ts';
import type { Ask, ModelPolicy } from './words.ts';

/** The contract does not say this: an account that is not online is checked again after a minute. */
const ASK_AGAIN_AFTER_MS = 60_000;

export type ModelClocks = ReturnType<typeof createModelClocks>;

export function createModelClocks(policy: ModelPolicy, now: () => number) {
  const { accountAge, add } = policy.addContacts;
  const declared = new Map<string, number>();
  const firstSeen = new Map<string, number>();
  const askedAt = new Map<string, number>();
  const questions = new Map<string, number>();

  function onlineSince(appId: string): number | 'trusted' | 'unknown' {
    const said = declared.get(appId);
    if (said !== undefined) return said;
    const inFile = policy.accounts[appId];
    if (inFile !== undefined) return Date.parse(inFile.onlineSince);
    if (accountAge.unknown === 'trust') return 'trusted';
    return firstSeen.get(appId) ?? 'unknown';
  }

  return {
    onlineSince,
    firstSeen: (appId: string) => firstSeen.get(appId),
    isDeclared: (appId: string) => declared.has(appId) || policy.accounts[appId] !== undefined,

    addsPerDay(appId: string, instant: number): number {
      const since = onlineSince(appId);
      const limits = add.perDay.map(({ limit }) => limit);
      if (since === 'trusted') return limits.at(-1) ?? 0;
      const begun = add.perDay.filter(
        ({ fromDay }) => since !== 'unknown' && instant >= since + fromDay * DAY_MS,
      );
      return begun.at(-1)?.limit ?? limits[0] ?? 0;
    },

    /**
     * Whether the account has a time online. If not, whether the upstream is asked, before or beside the attempt: the
     * attempt waits for the answer only if the account's age can refuse it.
     */
    stateFor({ appId, kind }: Ask): 'runs' | 'asked-before' | 'asked-beside' | 'unknown' {
      if (onlineSince(appId) !== 'unknown') return 'runs';
      const before = askedAt.get(appId) ?? -Infinity;
      if (kind === 'reject' || now() - before <= ASK_AGAIN_AFTER_MS) return 'unknown';
      return kind === 'add' && accountAge.mode === 'block' ? 'asked-before' : 'asked-beside';
    },

    /** The upstream is asked. The question may not reach it. */
    asked(appId: string, isReached: boolean): void {
      askedAt.set(appId, now());
      if (isReached) questions.set(appId, (questions.get(appId) ?? 0) + 1);
    },
    questions: (appId: string) => questions.get(appId) ?? 0,
    see(appId: string): void {
      if (!firstSeen.has(appId)) firstSeen.set(appId, now());
    },
    declare: (appId: string, since: number) => void declared.set(appId, since),
    removeDeclaration: (appId: string) => declared.delete(appId),
    /** The only state that is not stored: which accounts were asked about. */
    restart: () => askedAt.clear(),
  };
}
