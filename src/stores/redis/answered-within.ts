/**
 * What `answer` gives, or a rejection with `late()` if it takes longer than `ms` milliseconds. What has arrived by then and only
 * waits to be read counts: the process itself may have been too busy.
 */
export function answeredWithin<T>(answer: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    // Node reads its sockets between timers and immediates.
    const timer = setTimeout(() => setImmediate(() => reject(late())), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
