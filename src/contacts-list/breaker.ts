/**
 * Tells whether the upstream as a whole is down, so that not everyone waits for a deadline to learn it. Opened by
 * connection failures and timeouts in a row over at least two accounts; one account's errors never open it.
 */
import type { Clock } from '../time.ts';
import type { Outcome } from '../gewe/outcome.ts';
import type { Subject } from '../gewe/upstream.ts';
import type { BreakerSettings } from '../settings/settings.ts';

export type DownReason = 'timeout' | 'unreachable';

export type BreakerState =
  | {
      readonly kind: 'closed';
      /** Since the last success, within the window, oldest first. */
      readonly failures: readonly { readonly appId: string; readonly at: number }[];
    }
  | {
      readonly kind: 'open';
      readonly why: DownReason;
      readonly nextProbeAt: number;
      /** The client whose call was the last probe. */
      readonly probedBy: string | undefined;
      /** Whether another client was turned away since. */
      readonly othersWait: boolean;
    };

export const CLOSED: BreakerState = { kind: 'closed', failures: [] };

/** The state after a failure at `now`. */
export function afterFailure(
  state: BreakerState,
  appId: string,
  why: DownReason,
  now: number,
  settings: BreakerSettings,
): BreakerState {
  if (state.kind === 'open') return { ...state, why };
  const failures = [...state.failures, { appId, at: now }]
    .filter(({ at }) => at > now - settings.windowMs)
    .slice(-MAX_REMEMBERED);
  const accounts = new Set(failures.map((failure) => failure.appId));
  const opens = failures.length >= settings.failures && accounts.size >= 2;
  return opens
    ? {
        kind: 'open',
        why,
        nextProbeAt: now + settings.probeEveryMs,
        probedBy: undefined,
        othersWait: false,
      }
    : { kind: 'closed', failures };
}

/** Enough to tell accounts apart under a storm of failures of one of them. */
const MAX_REMEMBERED = 1000;

export type Admission =
  | { readonly kind: 'go' }
  /** Somebody has to find out whether it is back: this call. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'wait'; readonly why: DownReason; readonly nextProbeAt: number };

/**
 * Whether a call for `client` may be made at `now`, and the state after that. A client whose probe has just failed leaves
 * the next one to those who were turned away, for one period: one whose own accounts are slow could take them all, and
 * keep everybody from learning that theirs are not.
 */
export function admit(
  state: BreakerState,
  client: string,
  now: number,
  settings: BreakerSettings,
): readonly [Admission, BreakerState] {
  if (state.kind === 'closed') return [{ kind: 'go' }, state];
  const { why, nextProbeAt, probedBy, othersWait } = state;
  const lateness = now - nextProbeAt;
  const isOthersTurn = client === probedBy && othersWait && lateness < settings.probeEveryMs;
  // A probe that is further off than one period was set before the clock was set back.
  const isTooSoon = lateness < 0 && -lateness <= settings.probeEveryMs;
  if (isTooSoon || isOthersTurn) {
    const next = { ...state, othersWait: othersWait || client !== probedBy };
    return [{ kind: 'wait', why, nextProbeAt: Math.max(nextProbeAt, now) }, next];
  }
  const probing = { nextProbeAt: now + settings.probeEveryMs, probedBy: client, othersWait: false };
  return [{ kind: 'probe' }, { ...state, ...probing }];
}

export interface Breaker {
  /** A call has passed its deadline: that is its failure, whatever becomes of it later. */
  overdue(subject: Subject): void;
  /** What becomes of this call does not count as a failure: it repeats one that has been counted. */
  excuse(subject: Subject): void;
  /**
   * Asks to make a call for this client. Saying `probe` uses up the probe of this window, for all gateways on the same
   * store. Never rejects.
   */
  admit(client: string): Promise<Admission>;
  state(): BreakerState;
  /** Learns from what becomes of every call to the upstream. */
  observe(subject: Subject, outcome: Outcome): void;
}

/** Where several gateways keep one state. */
export interface BreakerStore {
  /**
   * Replaces the state by the second of what `change` makes of it, as one step that no other change can come between. It may be
   * called more than once. Rejects where the store fails.
   */
  update<R>(
    change: (state: BreakerState) => readonly [R, BreakerState],
  ): Promise<readonly [R, BreakerState]>;
  /** Calls `onState` with what other gateways have made of it. */
  watch(onState: (state: BreakerState) => void): void;
}

export interface BreakerEvents {
  /** It has opened or closed. */
  breakerChanged(state: BreakerState): void;
  /** A fault of ours, for the log. */
  fault(error: unknown): void;
}

/** @param store undefined if this is the only gateway */
export function createBreaker(
  settings: BreakerSettings,
  clock: Clock,
  store: BreakerStore | undefined,
  events: BreakerEvents,
): Breaker {
  const { breakerChanged, fault } = events;
  let state = CLOSED;
  const enter = (next: BreakerState) => {
    const changed = next.kind !== state.kind;
    state = next;
    if (changed) breakerChanged(state);
  };
  store?.watch(enter);

  /** Here at once, and then as the store has it. One that fails leaves each gateway to itself. */
  async function update<R>(
    change: (state: BreakerState) => readonly [R, BreakerState],
  ): Promise<R> {
    const [result, next] = change(state);
    if (store === undefined || next.kind === 'closed') enter(next);
    if (store === undefined) return result;
    try {
      const [shared, sharedNext] = await store.update(change);
      enter(sharedNext);
      return shared;
    } catch {
      enter(next);
      return result;
    }
  }

  /** Nobody waits for it, so a fault of ours must not end as an unhandled rejection, which ends the process. */
  function learn(change: (before: BreakerState) => BreakerState): void {
    update((before) => [undefined, change(before)]).catch(fault);
  }

  const excused = new WeakSet<Subject>();
  const failed = (appId: string, why: DownReason) => {
    const at = clock.now();
    learn((before) => afterFailure(before, appId, why, at, settings));
  };
  return {
    overdue(subject) {
      excused.add(subject);
      failed(subject.appId, 'timeout');
    },
    excuse: (subject) => void excused.add(subject),
    async admit(client) {
      if (state.kind === 'closed') return { kind: 'go' };
      return update((before) => admit(before, client, clock.now(), settings));
    },
    state: () => state,
    observe(subject, outcome) {
      // An answer of any kind from the vendor shows that it is there. An error page does not, nor does it cost a wait.
      if (outcome.kind === 'answered' || outcome.kind === 'token-rejected') succeeded();
      if (excused.has(subject)) return;
      if (outcome.kind === 'timeout' || outcome.kind === 'unreachable') {
        failed(subject.appId, outcome.kind);
      }
    },
  };

  function succeeded(): void {
    if (state.kind === 'open' || state.failures.length > 0) learn(() => CLOSED);
  }
}
