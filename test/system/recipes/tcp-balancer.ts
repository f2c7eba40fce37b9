/**
 * A balancer that knows nothing of HTTP, as a process: it forwards bytes, to each of its backends by turns. One that
 * refuses a connection is passed over. Its page takes what docs/recipes/run-three.md tells the balancer of a backend:
 * `action=drain` for no more connections, `action=ready` to have them again. It prints what it was told.
 *
 *     node tcp-balancer.ts PAGE_PORT PORT_OF_GATEWAY_1 PORT_OF_GATEWAY_2 …
 */
import { once } from 'node:events';
import { createServer as createPage } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { reset } from '../../support/reset.ts';

const [pagePort, ...backends] = process.argv.slice(2).map(Number);
const draining = new Set<number>();
let turn = 0;

/** A connection to the next backend in rotation that accepts one. */
async function reach(): Promise<Socket | undefined> {
  const first = turn++;
  for (let at = 0; at < backends.length; at++) {
    const port = backends[(first + at) % backends.length] as number;
    if (draining.has(port)) continue;
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

/** An error on one side is forwarded like an end. */
function join(one: Socket, other: Socket): void {
  one.on('error', () => reset(other));
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

const page = createPage((req, res) => {
  void text(req).then((body) => {
    const form = new URLSearchParams(body);
    const [, number] = /^gateway-(\d)$/.exec(form.get('s') ?? '') ?? [];
    const backend = backends[Number(number) - 1];
    const action = form.get('action');
    if (backend !== undefined && action === 'drain') draining.add(backend);
    else if (backend !== undefined && action === 'ready') draining.delete(backend);
    else res.statusCode = 400;
    process.stdout.write(`told ${action} of gateway ${number}\n`);
    res.end();
  });
});
page.listen(pagePort, '127.0.0.1');
await once(page, 'listening');

const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
const server = createServer(options, (client) => void serve(client));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
process.stdout.write(`balancing on http://127.0.0.1:${port}\n`);
