import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const LISTEN = `
  const [, host, port, answer] = process.argv;
  const server = require('node:http').createServer((req, res) => res.end(answer)).listen(
    { host, port: Number(port), backlog: 1 },
    () => console.log(server.address().port),
  );
`;

export interface DroppingServer {
  readonly port: number;
  /** From now on it accepts connections and answers. The kernel of a dropped client retries after a second. */
  wake(): void;
  stop(): Promise<void>;
}

/**
 * A stopped server (SIGSTOP) whose connection queue is full: another connection is neither accepted nor refused, as
 * with a host that drops packets.
 */
export async function startDroppingServer({
  host = '127.0.0.1',
  port = 0,
  answer = '',
}): Promise<DroppingServer> {
  const child = spawn(process.execPath, ['-e', LISTEN, host, String(port), answer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const taken = Number(line.toString());
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let i = 0; i < 4; i++) {
    sockets.push(connect(taken, host).on('error', () => undefined));
  }
  // The kernel accepts what fits into the queue: two of the four connect.
  await once(sockets[0] as Socket, 'connect');
  return {
    port: taken,
    wake: () => void child.kill('SIGCONT'),
    async stop() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
