import { spawn } from 'node:child_process';
import { onPath } from './on-path.ts';

/** The server that is on PATH. */
export const redisProgram = ['redis-server', 'valkey-server'].map(onPath).find(Boolean);

/** A server from its start to its end. */
export interface Life {
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<void>;
}

/**
 * Starts the program in a folder, in which it keeps its data. `tell` gets its log.
 *
 * @returns the server when it is ready; rejects with its log if it ends first
 */
export function live(
  args: readonly string[],
  folder: string,
  tell: (text: string) => void,
): Promise<Life> {
  return new Promise((resolve, reject) => {
    const child = spawn(redisProgram ?? 'redis-server', args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pid = child.pid ?? NaN;
    const ended = new Promise<void>((gone) => child.once('close', () => gone()));
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        tell(text);
        log += text;
        if (log.includes('Ready to accept connections')) {
          resolve({ pid, signal: (name) => void child.kill(name), ended });
        }
      });
    }
    child.once('error', reject);
    void ended.then(() => reject(new Error(`The server ended:\n${log}`)));
    if (child.pid !== undefined) endWithThisProcess(child.pid, folder, ended);
  });
}

/** A shell that ends the server and removes its folder when this process has ended, even if it was killed. */
function endWithThisProcess(pid: number, folder: string, ended: Promise<void>): void {
  // Whatever ends this process closes its end of the pipe that the shell reads.
  const wait = 'read -r _; kill -9 "$1"; rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', wait, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Protects it from a Ctrl-C in the terminal.
    detached: true,
  });
  void ended.then(() => watchdog.kill('SIGKILL'));
}
