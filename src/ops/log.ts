import { pino, stdSerializers, type Logger } from 'pino';
import type { LogLevel } from '../settings/settings.ts';
import { systemClock } from '../time.ts';

export type { Logger };

export interface Destination {
  write(lines: string): unknown;
  /** How much of what was written is still in memory, as streams tell it. */
  readonly writableLength?: number;
}

/**
 * Characters that may wait for the reader of the log: about ten thousand lines, so a reader that pauses misses none. A
 * reader that has stopped must not fill the memory, and callers without a key cause lines too.
 */
const MOST_WAITING = 4_000_000;

export interface Log {
  readonly logger: Logger;
  /** Writes the lines that still wait, for a process that ends now. */
  flush(): void;
}

/**
 * The log: JSON lines. What goes in is chosen field by field where it is written; whatever a library's error
 * message may contain, the token is cut out of the finished lines. Lines that nobody reads are dropped: serving matters
 * more than logging.
 *
 * The lines of one turn of the event loop are written together: one system call and one search for the token.
 */
export function createLog(
  level: LogLevel,
  scrub: (lines: string) => string,
  destination: Destination,
  onDropped: (lines: number) => void,
): Log {
  let batch: string[] = [];
  let dropped = 0;

  function add(line: string): void {
    if (batch.length === 0) setImmediate(flush);
    batch.push(line);
  }

  function flush(): void {
    if (batch.length === 0) return;
    // Comes before the first lines that get through again, whatever the log level: the reader must know about the gap.
    const lines = dropped > 0 ? [gapLine(dropped), ...batch] : batch;
    const count = batch.length;
    batch = [];
    if ((destination.writableLength ?? 0) > MOST_WAITING) return drop(count);
    try {
      destination.write(scrubbed(lines));
      dropped = 0;
    } catch {
      // Nothing may fail because of the log.
      drop(count);
    }
  }

  /** The scrubber gives up on a text that repeats a token again and again. That must cost those lines alone. */
  function scrubbed(lines: readonly string[]): string {
    const together = scrub(lines.join(''));
    if (together.endsWith('\n')) return together;
    return lines.map((line) => scrub(line).replace(/\n?$/, '\n')).join('');
  }

  function drop(lines: number): void {
    dropped += lines;
    onDropped(lines);
  }

  return { logger: pino({ ...FORMAT, level }, { write: add }), flush };
}

const FORMAT = {
  base: null,
  timestamp: createTimestamps(),
  formatters: { level: (label: string) => ({ level: label }) },
  serializers: { err: stdSerializers.err },
};

/** A line that says how many are missing. */
function gapLine(dropped: number): string {
  let gap = '';
  const logger = pino({ ...FORMAT, level: 'warn' }, { write: (line: string) => void (gap = line) });
  logger.warn({ dropped }, 'log lines were dropped, because nobody read them');
  return gap;
}

/** The time of a line in pino's form, formatted once per millisecond. */
function createTimestamps(): () => string {
  let [at, written] = [NaN, ''];
  return () => {
    const now = systemClock.now();
    if (now !== at) [at, written] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return written;
  };
}
