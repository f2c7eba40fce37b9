import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addBody, TRUSTING } from '../support/add-contacts.ts';
import { startGateway } from '../support/start-gateway.ts';

const LISTEN = `
  const server = require('node:net').createServer().listen(
    { port: 0, host: '127.0.0.1', backlog: 1 },
    () => console.log(server.address().port),
  );
`;

/**
 * A server that is stopped (SIGSTOP) and whose queue of connections is full: a further connection is neither taken
 * nor refused, as with a host that drops packets.
 */
async function unansweringServer(): Promise<{ baseUrl: string; end(): void }> {
  const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  for (let i = 0; i < 4; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
  }
  // The kernel takes what fits into the queue; two of the four connect.
  await once(sockets[0] as Socket, 'connect');
  return {
    baseUrl: `http://127.0.0.1:${port}/v2/api`,
    end() {
      for (const socket of sockets) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

let server: Awaited<ReturnType<typeof unansweringServer>>;
beforeAll(async () => {
  server = await unansweringServer();
});
afterAll(() => server.end());

test('an addContacts whose connection is not made within the deadline is given back', async () => {
  const gateway = await startGateway({
    policy: TRUSTING,
    env: { GEWE_BASE_URL: server.baseUrl, GEWE_TIMEOUT_MS: '300' },
  });
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      const answer = await gateway.post('addContacts', addBody('wx_a')).expect(502);
      expect(answer.body.code).toBe('upstream-unreachable');
      expect(answer.body.detail).toContain('not carried out');
      expect(answer.headers['ratelimit']).toContain('"add-gap";r=1');
    }
  } finally {
    await gateway.stop();
  }
});
