import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program, as this Node runs it. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Where processes keep what they have compiled: each would spend half of its start on that again. */
export const COMPILED = join(tmpdir(), 'gewe-gateway-compiled');

export interface GatewayProcess {
  readonly pid: number;
  /** All that it has written so far, to both streams. */
  output(): string;
  /** Resolves when its output matches; rejects where it ends without. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Where it listens, read off its start-up line. */
  listening(): Promise<{ readonly url: string; readonly opsUrl: string }>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended and all of its output has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/**
 * `gewe-gateway ARGS…` as a process of its own, with these variables and no other that means anything to it. `command` is what comes before ARGS,
 * where it is not this project's source on this Node.
 */
export function runGateway(
  args: readonly string[],
  {
    cwd,
    env = {},
    command = [process.execPath, MAIN],
  }: {
    cwd: string;
    env?: Readonly<Record<string, string>>;
    command?: readonly [string, ...string[]];
  },
): GatewayProcess {
  const [program, ...before] = command;
  const child = spawn(program, [...before, ...args], {
    cwd,
    env: { NODE_COMPILE_CACHE: COMPILED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of looks) look();
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));

  function printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (match === null) return;
        looks.delete(look);
        resolve(match);
      };
      looks.add(look);
      look();
      void ended.then(() => reject(new Error(`It ended without ${String(pattern)}:\n${output}`)));
    });
  }

  return {
    pid: child.pid ?? NaN,
    output: () => output,
    printed,
    async listening() {
      const [, url = '', opsUrl = ''] = await printed(
        /listening on (http\S+), ops on (http[^"\s]+)/,
      );
      return { url, opsUrl };
    },
    kill: (signal) => void child.kill(signal),
    ended,
  };
}
