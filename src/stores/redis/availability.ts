/** Whether a Redis can be used: the states, and how events lead from one to the next. Pure; server.ts carries it out. */
import type { RedisError } from './connection.ts';

/** `since` is when the trouble began or the connection was last made anew, by the monotonic clock. */
export type Availability =
  /** It has not answered since the start, nor failed to. */
  | { readonly kind: 'connecting'; readonly since: number }
  | { readonly kind: 'available' }
  /** It answers, but takes no writes: as a replica, when it is full, when its disk is. */
  | { readonly kind: 'refusing'; readonly why: string; readonly since: number }
  /** It cannot be asked. */
  | {
      readonly kind: 'away';
      readonly why: string;
      readonly since: number;
      /** In this same outage. */
      readonly hasRefused: boolean;
    }
  | { readonly kind: 'closed' };

export type ServerEvent =
  /** There is no connection, or no answer. */
  | { readonly kind: 'unreachable'; readonly why: RedisError }
  /** It answered a command with an error that is about all commands. */
  | { readonly kind: 'refused'; readonly why: RedisError }
  /** It answered, and was asked to take a write. */
  | { readonly kind: 'probed'; readonly refusal: RedisError | undefined }
  /** The connection is being made anew. */
  | { readonly kind: 'reconnecting' }
  /** It is not used any more. */
  | { readonly kind: 'closed' };

export type Effect =
  /** An outage began. Once for each outage, however its kind changes. */
  | { readonly kind: 'report-away'; readonly why: RedisError }
  | { readonly kind: 'report-back' }
  /** It can be asked again, or takes writes again. */
  | { readonly kind: 'notify-return' }
  | { readonly kind: 'reconnect' };

export interface Transition {
  readonly next: Availability;
  readonly effects: readonly Effect[];
}

/** A connection over which nothing has come for so long may be dead although nobody closed it. */
const RECONNECT_AFTER_MS = 5000;

/** @param now by the monotonic clock, milliseconds */
export function transition(state: Availability, event: ServerEvent, now: number): Transition {
  if (state.kind === 'closed') return stay(state);
  switch (event.kind) {
    case 'unreachable':
      return onUnreachable(state, event.why, now);
    case 'refused':
      return onRefused(state, event.why, now);
    case 'probed':
      return event.refusal === undefined
        ? onWriteTaken(state)
        : onWriteRefused(state, event.refusal, now);
    case 'reconnecting':
      return stay('since' in state ? { ...state, since: now } : state);
    case 'closed':
      return stay({ kind: 'closed' });
    default:
      return event satisfies never;
  }
}

type Open = Exclude<Availability, { kind: 'closed' }>;

function onUnreachable(state: Open, why: RedisError, now: number): Transition {
  const away = (since: number, hasRefused: boolean): Availability => ({
    kind: 'away',
    why: why.problem,
    since,
    hasRefused,
  });
  switch (state.kind) {
    case 'connecting':
      return { next: away(state.since, false), effects: [{ kind: 'report-away', why }] };
    case 'available':
      return { next: away(now, false), effects: [{ kind: 'report-away', why }] };
    case 'refusing':
      return stay(away(state.since, true));
    case 'away':
      return stay(away(state.since, state.hasRefused));
    default:
      return state satisfies never;
  }
}

function onRefused(state: Open, why: RedisError, now: number): Transition {
  const { problem } = why;
  switch (state.kind) {
    case 'connecting':
      return {
        next: { kind: 'away', why: problem, since: state.since, hasRefused: true },
        effects: [{ kind: 'report-away', why }, ...reconnectIfMoved(why)],
      };
    case 'available':
      return {
        next: { kind: 'refusing', why: problem, since: now },
        effects: [{ kind: 'report-away', why }, ...reconnectIfMoved(why)],
      };
    case 'refusing':
      return stay({ ...state, why: problem });
    case 'away':
      return {
        next: { ...state, hasRefused: true },
        effects: state.hasRefused ? [] : reconnectIfMoved(why),
      };
    default:
      return state satisfies never;
  }
}

function onWriteTaken(state: Open): Transition {
  switch (state.kind) {
    case 'available':
      return stay(state);
    case 'connecting':
      return { next: { kind: 'available' }, effects: [{ kind: 'notify-return' }] };
    case 'refusing':
    case 'away':
      return {
        next: { kind: 'available' },
        effects: [{ kind: 'report-back' }, { kind: 'notify-return' }],
      };
    default:
      return state satisfies never;
  }
}

function onWriteRefused(state: Open, why: RedisError, now: number): Transition {
  switch (state.kind) {
    case 'connecting':
    case 'away': {
      const { effects } = onRefused(state, why, now);
      return {
        next: { kind: 'refusing', why: why.problem, since: state.since },
        effects: [...effects, { kind: 'notify-return' }],
      };
    }
    case 'available':
    case 'refusing':
      return onRefused(state, why, now);
    default:
      return state satisfies never;
  }
}

function stay(next: Availability): Transition {
  return { next, effects: [] };
}

/** After a failover the connection may lead to a server that is a replica now, while another has its name. */
function mayHaveMoved(problem: string): boolean {
  return problem.includes('READONLY');
}

/** Only with the first refusal of an outage: if the name still leads to a replica, connecting again at once is no use. */
function reconnectIfMoved({ problem }: RedisError): Effect[] {
  return mayHaveMoved(problem) ? [{ kind: 'reconnect' }] : [];
}

/** Why it cannot be asked now; undefined if it can. */
export function whyUnusable(state: Availability): string | undefined {
  switch (state.kind) {
    case 'connecting':
      return 'it is not connected yet';
    case 'away':
      return state.why;
    case 'closed':
      return 'it is not used any more';
    case 'available':
    case 'refusing':
      return undefined;
    default:
      return state satisfies never;
  }
}

/** Whether the connection should be made anew: it may be dead, or lead to the wrong server. */
export function isReconnectDue(state: Availability, now: number): boolean {
  switch (state.kind) {
    case 'connecting':
    case 'away':
      return now - state.since > RECONNECT_AFTER_MS;
    case 'refusing':
      return mayHaveMoved(state.why) && now - state.since > RECONNECT_AFTER_MS;
    case 'available':
    case 'closed':
      return false;
    default:
      return state satisfies never;
  }
}
