/**
 * The circuit breaker: knows whether the upstream as a whole is down, so that callers need not wait for their deadlines
 * to find out. It opens after consecutive connection failures and timeouts of at least two accounts; the errors of one
 * account never open it.
 *
 * Instants of its state are by the store's clock if gateways share the state, otherwise by the monotonic clock of this
 * process. Setting the system clock moves neither. Milliseconds.
 */
import type { Outcome } from '../gewe/outcome.ts';
import type { Subject } from '../gewe/upstream.ts';
import type { BreakerSettings } from '../settings/settings.ts';
import type { Clock } from '../time.ts';
import { containFaults } from './faults.ts';

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

/** Enough that a storm of failures of one account does not push out the failures of others. */
const MAX_REMEMBERED = 1000;

/** No call should be waited for now. */
export interface Down {
  readonly why: DownReason;
  /** Until the next probe, milliseconds. */
  readonly retryAfterMs: number;
}

export type Admission =
  | { readonly kind: 'go' }
  /** A call has to find out whether the upstream is back: this one. */
  | { readonly kind: 'probe' }
  | ({ readonly kind: 'wait' } & Down);

/**
 * Whether a call for `client` may be made at `now`, and the state after that. A client whose probe has just failed leaves
 * the next one to the clients that were turned away, for one period. Otherwise a client whose own accounts are slow could
 * take all probes, and nobody would learn that the others are not.
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
  // A probe further off than one period was set before the store's clock was set back.
  const isTooSoon = lateness < 0 && -lateness <= settings.probeEveryMs;
  if (isTooSoon || isOthersTurn) {
    const next = { ...state, othersWait: othersWait || client !== probedBy };
    return [{ kind: 'wait', why, retryAfterMs: Math.max(0, -lateness) }, next];
  }
  const probing = { nextProbeAt: now + settings.probeEveryMs, probedBy: client, othersWait: false };
  return [{ kind: 'probe' }, { ...state, ...probing }];
}

export interface Breaker {
  /** Undefined while it is closed. */
  down(): Down | undefined;
  /**
   * Asks to make a call for this client. The answer `probe` uses up the probe of this window, for all gateways on the same
   * store. Never rejects.
   */
  admit(client: string): Promise<Admission>;
  /** A call has passed its deadline. That counts as its failure, whatever its outcome. */
  overdue(subject: Subject): void;
  /** Do not count a failure of this call: it was made because of a call that has been counted. */
  excuse(subject: Subject): void;
  /** Learns from the outcome of every call to the upstream. */
  observe(subject: Subject, outcome: Outcome): void;
}

/** Keeps one state for several gateways. */
export interface BreakerStore {
  /** The clock that all these gateways count by, milliseconds. */
  now(): number;
  /**
   * Replaces the state by the second of what `change` returns, as one step that no other change can come between. `change`
   * may be called more than once. Rejects if the store fails.
   */
  update<R>(
    change: (state: BreakerState) => readonly [R, BreakerState],
  ): Promise<readonly [R, BreakerState]>;
  /** Calls `onState` with every state that another gateway has set. */
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
  clock: Pick<Clock, 'monotonic'>,
  store: BreakerStore | undefined,
  events: BreakerEvents,
): Breaker {
  const faults = containFaults(events.fault);
  const now = () => (store === undefined ? clock.monotonic() : store.now());
  const excused = new WeakSet<Subject>();
  let state = CLOSED;
  store?.watch(setState);

  function setState(next: BreakerState): void {
    const changed = next.kind !== state.kind;
    state = next;
    if (changed) faults.contain(() => events.breakerChanged(next));
  }

  /**
   * Changes the state, in the store if gateways share it. Closing takes effect here at once. If the store fails, each
   * gateway keeps its own state.
   */
  async function update<R>(
    change: (state: BreakerState) => readonly [R, BreakerState],
  ): Promise<R> {
    const [result, next] = change(state);
    if (store === undefined || next.kind === 'closed') setState(next);
    if (store === undefined) return result;
    try {
      const [shared, sharedNext] = await store.update(change);
      setState(sharedNext);
      return shared;
    } catch {
      setState(next);
      return result;
    }
  }

  /** Its promise is not awaited, so a fault must not become an unhandled rejection, which would end the process. */
  function learn(change: (before: BreakerState) => BreakerState): void {
    update((before) => [undefined, change(before)]).catch(faults.report);
  }

  function recordFailure(appId: string, why: DownReason): void {
    const at = now();
    learn((before) => afterFailure(before, appId, why, at, settings));
  }

  return {
    down: () =>
      state.kind === 'open'
        ? { why: state.why, retryAfterMs: Math.max(0, state.nextProbeAt - now()) }
        : undefined,
    async admit(client) {
      if (state.kind === 'closed') return { kind: 'go' };
      return update((before) => admit(before, client, now(), settings));
    },
    overdue(subject) {
      excused.add(subject);
      recordFailure(subject.appId, 'timeout');
    },
    excuse: (subject) => void excused.add(subject),
    observe(subject, outcome) {
      // Any answer from GEWE shows that it is there. An error page does not, but it costs no wait either.
      if (outcome.kind === 'answered' || outcome.kind === 'token-rejected') recordSuccess();
      if (excused.has(subject)) return;
      if (outcome.kind === 'timeout' || outcome.kind === 'unreachable') {
        recordFailure(subject.appId, outcome.kind);
      }
    },
  };

  function recordSuccess(): void {
    if (state.kind === 'open' || state.failures.length > 0) learn(() => CLOSED);
  }
}
