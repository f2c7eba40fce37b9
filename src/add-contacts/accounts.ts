import { LRUCache } from 'lru-cache';
import { overGateways, singleFlight } from '../coalesce.ts';
import type { Clock } from '../time.ts';
import { shuttingDown } from '../errors.ts';
import type { Trace } from '../gewe/headers.ts';
import { dataOf, retOf, type Outcome } from '../gewe/outcome.ts';
import type { Observer, Upstream } from '../gewe/upstream.ts';
import type { Leases } from '../leases.ts';
import { standingOf, type Standing } from './account-age.ts';
import type { AddContactsPolicy } from './policy.ts';
import type { AccountClocks } from './ports.ts';

/** Since when accounts are online. */
export interface Accounts {
  standing(appId: string): Promise<Standing>;
  /**
   * Asks the upstream whether an account that was never seen is online. If it is, its clock starts. Rejects if the
   * store fails, and with a refusal if the gateway stops.
   */
  checkOnline(appId: string, trace: Trace): Promise<void>;
  /** Starts clocks by what the upstream answers to any call. */
  readonly observe: Observer;
}

interface AccountsParts {
  readonly clocks: AccountClocks;
  readonly upstream: () => Pick<Upstream, 'call'>;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly declared: ReadonlyMap<string, number>;
  readonly unknown: AddContactsPolicy['accountAge']['unknown'];
  readonly timeoutMs: number;
}

/** How long an account that was not online is not checked again. */
const CHECK_AGAIN_AFTER_MS = 60_000;
/** The call is quick, and a caller waits for it. */
const CHECK_DEADLINE_MS = 5_000;
/** After the store has failed to start a clock, how long answers do not try again. */
const SEE_AGAIN_AFTER_MS = 5_000;
/** How long an account counts as seen. After that it is written again, in case the store has lost it. */
const SEE_AGAIN_ANYWAY_AFTER_MS = 600_000;
const REMEMBERED = 10_000;

/** What other gateways get of the check: only that it was made. */
const CHECKED = Buffer.from('checked');

export function createAccounts(parts: AccountsParts): Accounts {
  const { clocks, upstream, leases, clock, declared, unknown, timeoutMs } = parts;
  const byClock = { max: REMEMBERED, ttlResolution: 0, perf: { now: () => clock.monotonic() } };
  /** Avoids a write for every answer. */
  const seen = new LRUCache<string, true>({ ...byClock, ttl: SEE_AGAIN_ANYWAY_AFTER_MS });
  const checked = new LRUCache<string, true>({ ...byClock, ttl: CHECK_AGAIN_AFTER_MS });
  const checks = singleFlight<void>();

  const standing = async (appId: string) =>
    standingOf(await clocks.find(appId), declared.get(appId), unknown);

  async function checkOnline(appId: string, trace: Trace): Promise<void> {
    const outcome = await upstream().call(
      { operation: 'checkOnline', appId },
      {
        kind: 'read',
        path: 'login/checkOnline',
        body: Buffer.from(JSON.stringify({ appId })),
        trace,
        deadlineMs: Math.min(timeoutMs, CHECK_DEADLINE_MS),
      },
    );
    // This says nothing about the account, so it must not count as offline.
    if (outcome.kind === 'aborted') throw shuttingDown();
    if (saysOnline(outcome)) await clocks.seen(appId, clock.now());
  }

  /**
   * Checks at one of the gateways on the store. After a failure the next attempt checks again: the store may work by
   * then.
   */
  async function checkAtOneGateway(appId: string, trace: Trace): Promise<void> {
    const askedAt = clock.now();
    await overGateways<Buffer>(leases, clock, {
      appId,
      work: 'online',
      askedAt: () => askedAt,
      async perform() {
        await checkOnline(appId, trace);
        return CHECKED;
      },
      encode: (result) => result,
      decode: (encoded) => encoded,
      reuseMs: CHECK_AGAIN_AFTER_MS,
    });
    checked.set(appId, true);
  }

  return {
    standing,
    async checkOnline(appId, trace) {
      if (!checked.has(appId)) await checks.join(appId, () => checkAtOneGateway(appId, trace));
    },
    observe({ operation, appId }, outcome) {
      // checkOnline answers `ret` 200 also for an account that is not online; `saysOnline` reads its `data`.
      if (operation === 'checkOnline' || outcome.kind !== 'answered') return;
      if (retOf(outcome.answer.json) !== 200 || seen.has(appId)) return;
      seen.set(appId, true);
      // The store reports its failures itself.
      clocks
        .seen(appId, clock.now())
        .catch(() => seen.set(appId, true, { ttl: SEE_AGAIN_AFTER_MS }));
    },
  };
}

/** The spellings of a bare false in `data`. Any other answer with `ret` 200 shows that the account is online. */
const NO: readonly unknown[] = [false, 'false', 0, '0'];

function saysOnline(outcome: Outcome): boolean {
  if (outcome.kind !== 'answered') return false;
  const { json } = outcome.answer;
  return retOf(json) === 200 && !NO.includes(dataOf(json));
}
