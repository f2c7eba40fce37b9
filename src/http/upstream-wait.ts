import type { Clock } from '../time.ts';
import type { RequestScope } from './request-scope.ts';

type Wait = Pick<RequestScope, 'upstreamMs' | 'upstreamSince'>;
type Monotonic = Pick<Clock, 'monotonic'>;

/** Notes in the scope that its request begins to wait for the upstream. */
export function beginWait(scope: Wait, clock: Monotonic): void {
  scope.upstreamSince = clock.monotonic();
}

/** Notes the end of the wait, if there was one. */
export function endWait(scope: Wait, clock: Monotonic): void {
  const ms = waitedMs(scope, clock.monotonic());
  if (ms !== undefined) scope.upstreamMs = ms;
}

/** Waits for a call to the upstream, and notes how long that took. */
export async function waitFor<T>(scope: Wait, clock: Monotonic, call: Promise<T>): Promise<T> {
  beginWait(scope, clock);
  try {
    return await call;
  } finally {
    endWait(scope, clock);
  }
}

/** How long the request has waited by `now` (monotonic clock), milliseconds. Undefined if it has not. */
export function waitedMs({ upstreamMs, upstreamSince }: Wait, now: number): number | undefined {
  return upstreamMs ?? (upstreamSince === undefined ? undefined : now - upstreamSince);
}
