import { pino, stdSerializers, type Logger } from 'pino';
import type { LogLevel } from '../settings/settings.ts';

export type { Logger };

/**
 * The log: JSON lines. What goes in is chosen field by field where it is written; whatever a library's error
 * message may carry, the token is cut out of the finished line.
 */
export function createLogger(
  level: LogLevel,
  scrub: (line: string) => string,
  destination: { write(line: string): unknown },
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
    },
    { write: (line: string) => void destination.write(scrub(line)) },
  );
}
