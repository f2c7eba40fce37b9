import type { ServerResponse } from 'node:http';
import type { Refusal } from '../errors.ts';
import type { Trace } from '../gewe/headers.ts';
import type { Client } from '../settings/client.ts';
import type { RequestBody } from './body.ts';
import type { ShownKey } from './credentials.ts';
import type { Face } from './problem-details.ts';

/** Where an answer came from, for the log and the metrics. */
export type Source = 'live' | 'saved' | 'gewe-cache' | 'replayed';

/** Headers of an answer by name, as they are written. */
export type Headers = Record<string, string>;

/** What is known of one request. The first step makes it, and later steps add what they find out. */
export interface RequestScope {
  readonly trace: Trace;
  /** On the monotonic clock, milliseconds. */
  readonly startedAt: number;
  /** The key that the request shows, and whose it is. Whether that is enough is decided later. */
  readonly shownKey: ShownKey | undefined;
  readonly keyOwner: Client | undefined;
  /** How refusals look to this caller. */
  readonly face: Face;
  /** Whether a text holds the upstream token or the key shown: then it is neither repeated nor kept. */
  holdsSecret(text: string): boolean;
  /** Of the answer, whichever it will be. They go out all at once, which is much cheaper than one by one. */
  readonly headers: Headers;
  operation?: string;
  /** The client that was let in. */
  client?: Client;
  body?: RequestBody;
  source?: Source;
  refusal?: Refusal;
}

/** Express keeps a place for this on every response. */
interface WithLocals {
  locals?: { scope?: RequestScope };
}

export function beginScope(res: ServerResponse, scope: RequestScope): void {
  const { locals = {} } = res as WithLocals;
  locals.scope = scope;
}

/** Throws if the first step has not run: a mistake in the order of the steps. */
export function scopeOf(res: ServerResponse): RequestScope {
  return found(findScope(res));
}

/** For those that also see requests which never came as far as the first step. */
export function findScope(res: ServerResponse): RequestScope | undefined {
  return (res as WithLocals).locals?.scope;
}

/** The id that the caller is told; undefined before the first step. */
export function requestIdOf(res: ServerResponse): string | undefined {
  return findScope(res)?.trace.requestId;
}

/** What an earlier step has found out. Throws if it has not run: a mistake in the order of the steps. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The step that finds this out comes later');
  return value;
}
