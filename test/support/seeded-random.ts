import { randomInt } from 'node:crypto';

/** The seed of random choices. `TEST_SEED=N` repeats the choices of a run, but not its timing. */
export const SEED = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));

/** Whole numbers from 0 to below the argument; the same ones for the same seed (mulberry32). */
export function seededRandom(seed = SEED): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
