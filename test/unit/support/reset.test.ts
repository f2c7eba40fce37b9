import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

const RESET = new URL('../../support/reset.ts', import.meta.url).href;

const PROGRAM = `
import { connect, createServer } from 'node:net';
import { reset } from '${RESET}';
const server = createServer((socket) => {
  socket.on('close', () => server.close());
  socket.write('x');
  if (process.argv[1] === 'ended') socket.end();
  reset(socket);
}).listen(0, '127.0.0.1', () => {
  connect(server.address().port, '127.0.0.1').on('error', (error) => console.log(error.code)).resume();
});
`;

test.each([
  ['open', 'ECONNRESET\n'],
  // The client sees a normal end.
  ['ended', ''],
])('a process that resets a connection which is %s ends', async (state, printed) => {
  const args = ['--input-type=module', '-e', PROGRAM, state];
  const ended = new Promise((resolve) => {
    // A process that spins after its exit does not handle SIGTERM.
    const options = { timeout: 60_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, args, options, (error, stdout) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout });
    });
  });

  expect(await ended).toEqual({ code: 0, stdout: printed });
});
