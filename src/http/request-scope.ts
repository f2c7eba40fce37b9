import type { ServerResponse } from 'node:http';
import type { Caller } from '../auth/caller.ts';
import type { Refusal } from '../errors.ts';
import type { Trace } from '../gewe/headers.ts';
import type { RequestBody } from './body.ts';
import type { Credential } from './credentials.ts';
import type { RefusalFormat } from './problem-details.ts';

/** Where an answer came from, for the log and the metrics. */
export type Source = 'live' | 'saved' | 'gewe-cache' | 'replayed';

/** What a path leads to: one of GEWE's operations, or something of the gateway's own. */
export type Route = 'operation' | 'sessions' | 'accounts' | 'docs';

/** Headers of an answer by name, as they are written. */
export type Headers = Record<string, string>;

/** What the first step knows of a request. */
export interface BegunScope {
  readonly trace: Trace;
  /** On the monotonic clock, milliseconds. */
  readonly startedAt: number;
  /** The key or token in the request. A later step decides whether it is good. */
  readonly credential: Credential | undefined;
  /** The format of refusals for this caller. */
  refusalFormat: RefusalFormat;
  /** Whether a text contains the upstream token or the caller's key. Such a text is neither repeated nor stored. */
  holdsSecret(text: string): boolean;
  /** Headers of the response. They are written all at once, which is much cheaper than one by one. */
  readonly headers: Headers;
}

/** What is known about one request. Steps add what they find out. */
export interface RequestScope extends BegunScope {
  route: Route | undefined;
  operation: string | undefined;
  /** The account that the path names. */
  appId: string | undefined;
  /** The origin of a web page that may not call, cut off if it is long. Undefined if it holds a secret. */
  unlistedOrigin: string | undefined;
  /** The operator, for the journal: how this request was signed in, and the name given at the sign-in, if any. */
  operator: string | undefined;
  /** The cookie's value that let an operator in, for whatever must end together with the sign-in. */
  signIn: string | undefined;
  /** The caller that was let in. */
  caller: Caller | undefined;
  body: RequestBody | undefined;
  source: Source | undefined;
  /** How long the request waited for the upstream, milliseconds. Undefined before the end, and if it did not wait. */
  upstreamMs: number | undefined;
  /** When that wait began, on the monotonic clock, milliseconds: a caller may leave before its end. */
  upstreamSince: number | undefined;
  refusal: Refusal | undefined;
}

/** Express gives every response an object for this. */
interface WithLocals {
  locals?: { scope?: RequestScope };
}

export function beginScope(res: ServerResponse, begun: BegunScope): void {
  const { locals = {} } = res as WithLocals;
  // All fields at once: an object that grows with each step costs every request more.
  locals.scope = {
    trace: begun.trace,
    startedAt: begun.startedAt,
    credential: begun.credential,
    refusalFormat: begun.refusalFormat,
    holdsSecret: begun.holdsSecret,
    headers: begun.headers,
    route: undefined,
    operation: undefined,
    appId: undefined,
    unlistedOrigin: undefined,
    operator: undefined,
    signIn: undefined,
    caller: undefined,
    body: undefined,
    source: undefined,
    upstreamMs: undefined,
    upstreamSince: undefined,
    refusal: undefined,
  };
}

/** Throws if the first step has not run: a mistake in the order of the steps. */
export function scopeOf(res: ServerResponse): RequestScope {
  return found(findScope(res));
}

/** For code that also sees requests that did not reach the first step. */
export function findScope(res: ServerResponse): RequestScope | undefined {
  return (res as WithLocals).locals?.scope;
}

/** The id that the caller is told; undefined before the first step. */
export function requestIdOf(res: ServerResponse): string | undefined {
  return findScope(res)?.trace.requestId;
}

/** What an earlier step has set. Throws if that step has not run: a mistake in the order of the steps. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The step that sets this has not run');
  return value;
}
