/**
 * Where time comes from. Whatever decides by time is given a clock, so that tests can move it.
 *
 * Two kinds, which must not be mixed. Instants that are shown or stored come from `now()`. Lengths come from
 * `monotonic()`: deadlines, durations, how long a call has been under way. The system may set its clock to another
 * time at any moment, and a length taken from it is then wrong by as much.
 */
export interface Clock {
  /** The time of day: milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some fixed moment of this process. Never goes back. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/**
 * What `promise` gives, or `'deadline'` if it takes longer than `ms` milliseconds. The promise itself is not ended; a
 * rejection after the deadline is for its owner to handle.
 */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'deadline'> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<'deadline'>((resolve) => {
    // Node warns of a negative one.
    timer = setTimeout(() => resolve('deadline'), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
