import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Trace } from '../gewe/headers.ts';
import { dataOf, retOf, type Outcome } from '../gewe/outcome.ts';
import type { Observer, Upstream } from '../gewe/upstream.ts';
import { standingOf, type Standing } from './account-age.ts';
import type { AddContactsPolicy } from './policy.ts';
import type { AccountClocks } from './ports.ts';

/** Since when accounts are online. */
export interface Accounts {
  standing(appId: string): Promise<Standing>;
  /** The same, but an account never seen is asked about first, which starts its clock. */
  standingAfterAsking(appId: string, trace: Trace): Promise<Standing>;
  /** Starts clocks by what the upstream answers to any call. */
  readonly observe: Observer;
}

interface AccountsParts {
  readonly clocks: AccountClocks;
  readonly upstream: () => Pick<Upstream, 'call'>;
  readonly clock: Clock;
  readonly declared: ReadonlyMap<string, number>;
  readonly unknown: AddContactsPolicy['accountAge']['unknown'];
  readonly timeoutMs: number;
}

/** An account that the upstream does not know is not asked about at every attempt. */
const ASK_AGAIN_AFTER_MS = 60_000;

export function createAccounts(parts: AccountsParts): Accounts {
  const { clocks, upstream, clock, declared, unknown, timeoutMs } = parts;
  const forAMinute = { max: 10_000, ttl: ASK_AGAIN_AFTER_MS, ttlResolution: 0, perf: clock };
  // Saves a write per answer. Short-lived, so that a clock which an operator dropped starts again.
  const started = new LRUCache<string, true>(forAMinute);
  const asked = new LRUCache<string, Promise<void>>(forAMinute);

  const standing = async (appId: string) =>
    standingOf(await clocks.find(appId), declared.get(appId), unknown);

  async function ask(appId: string, trace: Trace): Promise<void> {
    const outcome = await upstream().call(
      { operation: 'checkOnline', appId },
      {
        path: 'login/checkOnline',
        body: Buffer.from(JSON.stringify({ appId })),
        trace,
        deadlineMs: timeoutMs,
      },
    );
    if (saysOnline(outcome)) await clocks.seen(appId, clock.now());
  }

  function askOnce(appId: string, trace: Trace): Promise<void> {
    const before = asked.get(appId);
    if (before !== undefined) return before;
    const question = ask(appId, trace);
    asked.set(appId, question);
    // A store that failed may work again at the next attempt.
    question.catch(() => asked.delete(appId));
    return question;
  }

  return {
    standing,
    async standingAfterAsking(appId, trace) {
      const before = await standing(appId);
      if (before.kind !== 'unknown') return before;
      await askOnce(appId, trace);
      return standing(appId);
    },
    observe({ operation, appId }, outcome) {
      // checkOnline answers `ret` 200 for an account that is not online, too; its asker reads `data`.
      if (operation === 'checkOnline' || outcome.kind !== 'answered') return;
      if (retOf(outcome.answer.json) !== 200 || started.has(appId)) return;
      started.set(appId, true);
      // The store reports its failures itself; the next answer tries again.
      clocks.seen(appId, clock.now()).catch(() => started.delete(appId));
    },
  };
}

function saysOnline(outcome: Outcome): boolean {
  if (outcome.kind !== 'answered') return false;
  return retOf(outcome.answer.json) === 200 && dataOf(outcome.answer.json) !== false;
}
