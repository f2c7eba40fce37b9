/**
 * A balancer that knows nothing of HTTP, as a process: it forwards bytes, to each of its backends by turns. One that
 * refuses a connection is passed over.
 *
 *     node tcp-balancer.ts PORT…
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const backends = process.argv.slice(2).map(Number);
let turn = 0;

/** A connection to the backend whose turn it is, or to the next that takes one. */
async function reach(): Promise<Socket | undefined> {
  const first = turn++;
  for (let at = 0; at < backends.length; at++) {
    const port = backends[(first + at) % backends.length] as number;
    const backend = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    try {
      await once(backend, 'connect');
      return backend;
    } catch {
      // Nothing has been sent.
    }
  }
  return undefined;
}

/** What goes wrong with one side is passed on as well as an end. */
function join(one: Socket, other: Socket): void {
  one.on('error', () => other.resetAndDestroy());
  one.pipe(other);
}

async function serve(client: Socket): Promise<void> {
  let hasLeft = false;
  client.on('error', () => (hasLeft = true));
  const backend = await reach();
  if (backend === undefined || hasLeft) {
    client.destroy();
    backend?.destroy();
    return;
  }
  join(client, backend);
  join(backend, client);
}

const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
const server = createServer(options, (client) => void serve(client));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
process.stdout.write(`balancing on http://127.0.0.1:${port}\n`);
