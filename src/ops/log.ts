import { pino, stdSerializers, type Logger, type LoggerOptions } from 'pino';
import type { LogLevel } from '../settings/settings.ts';
import { systemClock } from '../time.ts';

export type { Logger };

export interface Destination {
  write(lines: string): unknown;
  /** How much of what was written is still in memory, as streams tell it. */
  readonly writableLength?: number;
  /** Whether people read it as it is written. */
  readonly isTTY?: boolean;
  /** Whether it shows colours. Streams of Node respect `NO_COLOR` and `TERM`. */
  hasColors?(): boolean;
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

/** Turns finished lines into what is written. */
export type FormatLines = (lines: string) => string;

interface LogParts {
  readonly level: LogLevel;
  /** The name of this gateway, in each line. */
  instance(): string;
  /** Cuts secrets out of finished lines. */
  scrub(lines: string): string;
  /** Comes after `scrub`. */
  readonly format: FormatLines;
  readonly destination: Destination;
  onDropped(lines: number): void;
}

/**
 * The log: JSON lines, or pretty ones on a terminal. What goes in is chosen field by field where it is written; whatever a library's error
 * message may contain, the token is cut out of the finished lines. Lines that nobody reads are dropped: serving matters
 * more than logging.
 *
 * The lines of one turn of the event loop are written together: one system call and one search for the token.
 */
export function createLog(parts: LogParts): Log {
  const { level, scrub, format, destination, onDropped } = parts;
  const options = { ...FORMAT, timestamp: createTimestamps(parts.instance) };
  let batch: string[] = [];
  let dropped = 0;

  function add(line: string): void {
    if (batch.length === 0) setImmediate(flush);
    batch.push(line);
  }

  function flush(): void {
    if (batch.length === 0) return;
    // Comes before the first lines that get through again, whatever the log level: the reader must know about the gap.
    const lines = dropped > 0 ? [gapLine(dropped, options), ...batch] : batch;
    const count = batch.length;
    batch = [];
    if ((destination.writableLength ?? 0) > MOST_WAITING) return drop(count);
    try {
      destination.write(format(scrubbed(lines)));
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

  return { logger: pino({ ...options, level }, { write: add }), flush };
}

const FORMAT = {
  base: null,
  formatters: { level: (label: string) => ({ level: label }) },
  serializers: { err: stdSerializers.err },
};

/** A line that says how many are missing. */
function gapLine(dropped: number, options: LoggerOptions): string {
  let gap = '';
  const logger = pino(
    { ...options, level: 'warn' },
    { write: (line: string) => void (gap = line) },
  );
  logger.warn({ dropped }, 'log lines were dropped, because nobody read them');
  return gap;
}

/** The time of a line in pino's form, and the name of the gateway after it, formatted once per millisecond. */
function createTimestamps(instance: () => string): () => string {
  let [at, written] = [NaN, ''];
  return () => {
    const now = systemClock.now();
    if (now !== at) {
      const name = JSON.stringify(instance());
      [at, written] = [now, `,"time":"${new Date(now).toISOString()}","instance":${name}`];
    }
    return written;
  };
}
