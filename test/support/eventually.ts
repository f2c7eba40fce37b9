import { setTimeout as pause } from 'node:timers/promises';

/**
 * Checks a condition repeatedly until it holds, if nothing announces it.
 *
 * @param withinMs only against hanging, so generous
 * @returns whether the condition held
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
