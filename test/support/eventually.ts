import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks again and again until it is so, for what tells nobody when it happens.
 *
 * @param withinMs against hanging, so generous
 * @returns whether it came to be so
 */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await pause(20)) {
    if (await isSo()) return true;
  }
  return false;
}
