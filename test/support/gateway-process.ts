import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program, as this Node runs it. */
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Processes share their compile cache, because compiling takes half of each start. */
export const COMPILED = join(tmpdir(), 'gewe-gateway-compiled');

export interface GatewayProcess {
  readonly pid: number;
  /** All output so far, of both streams. */
  output(): string;
  /** Resolves when the output matches; rejects if the process ends first. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Its addresses, read from its start-up line. */
  listening(): Promise<{ readonly url: string; readonly opsUrl: string }>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended and all of its output was read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/**
 * `gewe-gateway ARGS…` as a process with only these variables. `command` precedes ARGS, if the program is not this
 * project's source on this Node.
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
