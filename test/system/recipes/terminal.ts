import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Terminal {
  /** Runs a command, and resolves with its output when the shell is ready for the next one. */
  type(text: string): Promise<string>;
  /** Ends the shell and all processes started in it. */
  close(): Promise<void>;
}

/** A shell in a folder, with only these variables. Its background processes keep running. */
export function openTerminal(cwd: string, env: Readonly<Record<string, string>>): Terminal {
  // A separate process group, which ends as a whole, and also when this process has ended, which closes its input.
  const shell = spawn('bash', { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(shell, 'exit');
  shell.stdin.write("trap 'kill -9 0' EXIT\n");
  let output = '';
  let commands = 0;
  const looks = new Set<() => void>();
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of [...looks]) look();
    });
  }

  return {
    type(text) {
      const prompt = `[done ${(commands += 1)}]\n`;
      const from = output.length;
      shell.stdin.write(`${text}\necho '${prompt.trim()}'\n`);
      return new Promise((resolve, reject) => {
        const look = () => {
          const end = output.indexOf(prompt, from);
          if (end < 0) return;
          looks.delete(look);
          resolve(output.slice(from, end));
        };
        looks.add(look);
        void ended.then(() => reject(new Error(`The shell ended:\n${output.slice(from)}`)));
      });
    },
    async close() {
      if (shell.exitCode === null && shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
      await ended;
    },
  };
}
