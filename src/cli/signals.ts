import { processEnvironment } from '../settings/env.ts';
import { EXIT_FAILED } from './io.ts';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** A signal this soon after the first one is the same request to stop. */
const SAME_STOP_MS = 1000;

/** How often a gateway that npm started checks that npm's shell is still there. */
const CHECK_PARENT_EVERY_MS = 200;

/**
 * Whether a later signal ends the process at once. A terminal and a process manager signal the whole process group, and
 * npm passes signals on, so one Ctrl-C arrives two or three times, not always under the same name.
 *
 * @param firstAt when the first signal came, in milliseconds, by the clock that gives `at`
 */
export function isEndAtOnce(firstAt: number, at: number): boolean {
  return at - firstAt > SAME_STOP_MS;
}

/**
 * Resolves at the next SIGTERM, SIGINT (Ctrl-C) or SIGHUP (the terminal is closed). The process does not end at that
 * signal, but at the next one, unless that follows too soon to be a second request.
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
 * Resolves to the result of the work that `start` starts. At a signal meanwhile, calls `undo` and ends this process by that
 * signal at once, without waiting for a thread in the middle of the work.
 */
export async function orUndone<Work extends { readonly done: Promise<unknown> }>(
  start: () => Work,
  undo: (work: Work) => void,
): Promise<Awaited<Work['done']>> {
  const stopListening = () => {
    for (const name of STOP_SIGNALS) process.off(name, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    undo(work);
    stopListening();
    process.kill(process.pid, signal);
  };
  // Before the work starts, which could otherwise leave something behind.
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  let work: Work;
  try {
    work = start();
    return (await work.done) as Awaited<Work['done']>;
  } finally {
    stopListening();
  }
}

/**
 * Calls `stop` when the shell in which npm started this process has ended. npm sends its own SIGTERM to that shell only,
 * and some shells (dash) end without passing it on.
 */
function onOrphaned(stop: () => void): void {
  const script = processEnvironment()['npm_lifecycle_script'] ?? '';
  // The scripts of package.json, and the one that npx makes.
  if (!script.includes(' src/main.ts') && !/^["']?gewe-gateway\b/.test(script)) return;
  const parent = process.ppid;
  const checking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(checking);
    stop();
  }, CHECK_PARENT_EVERY_MS);
  checking.unref();
}
