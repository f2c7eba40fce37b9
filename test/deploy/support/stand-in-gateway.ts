import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface StandInCall {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly body: Buffer;
}

/** A server that looks like a gateway to a balancer. */
export interface StandInGateway {
  /** Host and port. */
  readonly place: string;
  /** All requests received, except for probes. */
  readonly calls: readonly StandInCall[];
  isReady: boolean;
  /** How a call is answered; by default with a short 200. */
  answer: (call: StandInCall) => void;
  /** Ends the server as a crash would. */
  stop(): Promise<void>;
}

export async function startStandIn(): Promise<StandInGateway> {
  const calls: StandInCall[] = [];
  const server = createServer((req, res) => {
    if (req.url === '/healthz') return void res.end();
    if (req.url === '/readyz') return void res.writeHead(standIn.isReady ? 200 : 503).end();
    void buffer(req).then((body) => {
      const call = { req, res, body };
      calls.push(call);
      standIn.answer(call);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const standIn: StandInGateway = {
    place: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    isReady: true,
    answer: ({ res }) => void res.end('{"ret":200}'),
    async stop() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return standIn;
}
