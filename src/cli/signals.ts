import { processEnvironment } from '../settings/env.ts';
import { EXIT_FAILED } from './io.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** What comes this soon after the first signal is that signal once more. */
const SAME_STOP_MS = 1000;

/** How often a gateway that npm started looks whether npm's shell is still there. */
const LOOK_FOR_PARENT_MS = 200;

/**
 * Whether a later signal asks for an end at once. A terminal and a process manager signal the whole process group, and
 * npm passes on what it gets, so one Ctrl-C arrives two or three times, not always by the same name.
 *
 * @param firstAt when the first signal came, in milliseconds, by the clock that gives `at`
 */
export function isEndAtOnce(firstAt: number, at: number): boolean {
  return at - firstAt > SAME_STOP_MS;
}

/**
 * Resolves at the next SIGTERM, SIGINT (Ctrl-C) or SIGHUP (the terminal is closed), which then does not end the process
 * by itself. From then on the process ends at another one, unless that is the same one once more.
 */
export function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      // Not the time of day, which can be set.
      const at = performance.now();
      if (firstAt !== undefined && isEndAtOnce(firstAt, at)) process.exit(EXIT_FAILED);
      firstAt ??= at;
      resolve(signal);
    };
    for (const name of STOP_SIGNALS) process.on(name, onSignal);
    onOrphaned(() => resolve('SIGTERM'));
  });
}

/**
 * Calls back when the shell that npm started this process in has gone. npm gives a SIGTERM of its own to that shell
 * only, and some shells (dash) die of it without a word to what they run.
 */
function onOrphaned(stop: () => void): void {
  const script = processEnvironment()['npm_lifecycle_script'] ?? '';
  // Those of package.json, and what npx makes.
  if (!script.includes(' src/main.ts') && !/^["']?gewe-gateway\b/.test(script)) return;
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    stop();
  }, LOOK_FOR_PARENT_MS);
  looking.unref();
}
