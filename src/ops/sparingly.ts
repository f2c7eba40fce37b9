import type { Clock } from '../time.ts';

/**
 * `tell`, but at most once in `everyMs`: the first at once, and with each how many were held back since the one before.
 */
export function sparingly<T>(
  clock: Clock,
  everyMs: number,
  tell: (value: T, heldBack: number) => void,
): (value: T) => void {
  let toldAt = -Infinity;
  let heldBack = 0;
  return (value) => {
    const now = clock.now();
    // A clock that was set back must not silence it until it has caught up.
    if (now >= toldAt && now - toldAt < everyMs) {
      heldBack += 1;
      return;
    }
    tell(value, heldBack);
    toldAt = now;
    heldBack = 0;
  };
}
