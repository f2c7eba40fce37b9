import type { LogFormat } from '../settings/settings.ts';
import type { Destination, FormatLines } from './log.ts';

/**
 * How lines are written to `destination`: as they are, or pretty for people. pino-pretty is loaded only if it is used,
 * because most gateways log to a file or a collector.
 */
export async function openLogFormat(
  format: LogFormat,
  destination: Pick<Destination, 'isTTY' | 'hasColors'>,
): Promise<FormatLines> {
  const isTerminal = destination.isTTY === true;
  if (format === 'json' || (format === 'auto' && !isTerminal)) return (lines) => lines;
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: isTerminal && destination.hasColors?.() === true,
    singleLine: true,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
  return (lines) =>
    lines
      .split('\n')
      .filter(Boolean)
      .map((line) => pretty(line))
      .join('');
}
