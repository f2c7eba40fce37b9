/** How often the line is drawn. */
const EVERY_MS = 200;
/** Back to the beginning of the line, and clears it. */
const CLEAR = '\r\u001b[K';

/**
 * Shows what is being done on one line, as long as `work` runs. Only a terminal gets it: in a file, a line that is drawn again
 * and again is of no use.
 *
 * @param now the line at this moment
 */
export async function withProgress<T>(
  stderr: NodeJS.WritableStream,
  now: () => string,
  work: Promise<T>,
): Promise<T> {
  if (!('isTTY' in stderr) || stderr.isTTY !== true) return work;
  const timer = setInterval(() => stderr.write(`${CLEAR}${now()}`), EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    stderr.write(CLEAR);
  }
}

/** Such as `42 %`. */
export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}
