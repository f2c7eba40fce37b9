import type { Clock } from '../time.ts';

/**
 * `tell`, called at most once in `everyMs` milliseconds. The first value is passed on at once; later ones are dropped
 * until the time is up. `dropped` is how many were dropped since the last one that was passed on.
 */
export function throttled<T>(
  clock: Clock,
  everyMs: number,
  tell: (value: T, dropped: number) => void,
): (value: T) => void {
  let toldAt = -Infinity;
  let dropped = 0;
  return (value) => {
    const now = clock.monotonic();
    if (now - toldAt < everyMs) {
      dropped += 1;
      return;
    }
    tell(value, dropped);
    toldAt = now;
    dropped = 0;
  };
}
