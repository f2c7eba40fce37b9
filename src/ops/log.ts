import { pino, stdSerializers, type Logger } from 'pino';
import type { LogLevel } from '../settings/settings.ts';

export type { Logger };

interface Destination {
  write(line: string): unknown;
  /** How much of what was written is still in memory, as streams tell it. */
  readonly writableLength?: number;
}

/**
 * Characters that may wait for whoever reads the log: ten thousand usual lines, so a reader who only pauses misses none.
 * One who has stopped must not fill the memory, and who has no key makes lines, too.
 */
const MOST_WAITING = 4_000_000;

/**
 * The log: JSON lines. What goes in is chosen field by field where it is written; whatever a library's error
 * message may carry, the token is cut out of the finished line. A line that nobody takes is dropped: serving goes before
 * telling of it.
 */
export function createLogger(
  level: LogLevel,
  scrub: (line: string) => string,
  destination: Destination,
  onDropped: () => void,
): Logger {
  let dropped = 0;

  function write(line: string): void {
    if ((destination.writableLength ?? 0) > MOST_WAITING) {
      dropped += 1;
      onDropped();
      return;
    }
    if (dropped > 0) tellOfDropped();
    // Whoever writes a line is in the middle of something else, which must not fail because of the log.
    try {
      destination.write(scrub(line));
    } catch {
      dropped += 1;
      onDropped();
    }
  }

  /** Before the first line that goes through again: whoever reads on has to know of the gap, at any level. */
  function tellOfDropped(): void {
    const fields = { dropped };
    dropped = 0;
    logger
      .child({}, { level: 'warn' })
      .warn(fields, 'log lines were dropped, because nobody read them');
  }

  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
    },
    { write },
  );
  return logger;
}
