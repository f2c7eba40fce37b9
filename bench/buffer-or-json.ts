/** A saved list of 5,000 friends: how much faster does it go out as the bytes it came in than through res.json? */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { send } from '../src/http/send.ts';
import { KEY, median, must, openBench, run, say } from './support.ts';

const FRIENDS = 5000;
const ROUNDS = 5;
const CALLERS = 8;
const REQUESTS_EACH = 400;

interface Rate {
  readonly perSecond: number;
  readonly bodyLength: number;
}

export async function bufferOrJson(): Promise<void> {
  const bytes = await savedList();
  const object: unknown = JSON.parse(bytes.toString());
  const asBuffer = await serve((app) =>
    app.post('/', (_req, res) => send(res, 200, 'application/json', bytes)),
  );
  const asJson = await serve((app) => app.post('/', (_req, res) => void res.json(object)));

  const rate = async ({ port }: { port: number }): Promise<number> => {
    const { perSecond, bodyLength } = await run<Rate>(
      'light-callers.ts',
      port,
      CALLERS,
      REQUESTS_EACH,
    );
    must(bodyLength === bytes.length, 'both send the same number of bytes');
    return perSecond;
  };

  await rate(asBuffer);
  await rate(asJson);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ratios.push((await rate(asBuffer)) / (await rate(asJson)));
  }
  for (const { server } of [asBuffer, asJson]) {
    server.close();
    server.closeAllConnections();
  }
  const [least = NaN, most = NaN] = [Math.min(...ratios), Math.max(...ratios)];
  say(
    `buffer or json: a list of ${FRIENDS} friends (${bytes.length} bytes) goes out ${median(ratios).toFixed(1)} times ` +
      `as fast as a Buffer than through res.json (median of ${ROUNDS} pairs, ${least.toFixed(1)} to ${most.toFixed(1)}; asked: 3)`,
  );
}

/** The bytes of a list as the gateway serves it when it is saved. */
async function savedList(): Promise<Buffer> {
  const bench = await openBench();
  try {
    bench.simulator.behave('wx_big', { friends: FRIENDS });
    const fetchList = (headers: Record<string, string>) =>
      fetch(`${bench.url}/contacts/fetchContactsList`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': KEY, ...headers },
        body: JSON.stringify({ appId: 'wx_big' }),
      });
    await (await fetchList({})).arrayBuffer();
    const saved = await fetchList({
      'cache-control': 'only-if-cached',
      'accept-encoding': 'identity',
    });
    must(saved.headers.get('x-gateway-source') === 'saved', 'the list is saved');
    return Buffer.from(await saved.arrayBuffer());
  } finally {
    await bench.close();
  }
}

async function serve(
  route: (app: express.Express) => void,
): Promise<{ readonly server: Server; readonly port: number }> {
  const app = express();
  app.disable('etag');
  route(app);
  const server = createServer(app as RequestListener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}
