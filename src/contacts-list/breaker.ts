/**
 * Tells whether the upstream as a whole is down, so that not everyone waits for a deadline to learn it. Opened by
 * connection failures and timeouts in a row over at least two accounts; one account's errors never open it.
 */
import type { Clock } from '../clock.ts';
import type { Observer } from '../gewe/upstream.ts';
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
  failed(appId: string, why: DownReason): void;
  /** Asks to make a call for this client. Saying `probe` uses up the probe of this window. */
  admit(client: string): Admission;
  state(): BreakerState;
  /** Learns from what becomes of every call to the upstream. */
  readonly observe: Observer;
}

export function createBreaker(
  settings: BreakerSettings,
  clock: Clock,
  onChange: (state: BreakerState) => void,
): Breaker {
  let state = CLOSED;
  const enter = (next: BreakerState) => {
    const changed = next.kind !== state.kind;
    state = next;
    if (changed) onChange(state);
  };
  const failed = (appId: string, why: DownReason) =>
    enter(afterFailure(state, appId, why, clock.now(), settings));
  return {
    failed,
    admit(client) {
      const [admission, next] = admit(state, client, clock.now(), settings);
      state = next;
      return admission;
    },
    state: () => state,
    observe({ appId }, outcome) {
      // An answer of any kind from the vendor shows that it is there. An error page does not, nor does it cost a wait.
      if (outcome.kind === 'answered' || outcome.kind === 'token-rejected') enter(CLOSED);
      if (outcome.kind === 'timeout' || outcome.kind === 'unreachable') failed(appId, outcome.kind);
    },
  };
}
