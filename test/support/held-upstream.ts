import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A call that is answered when the test says so. */
export interface HeldCall {
  readonly appId: string;
  answer(body: string): void;
  /** Answers as a front proxy does that has waited for long enough. */
  gatewayTimeout(): void;
  reset(): void;
}

export interface HeldUpstream {
  readonly baseUrl: string;
  /** The next call of this operation that nobody has taken yet, also one that is still to come. */
  next(operation: string): Promise<HeldCall>;
  /** How many calls came for the account. */
  count(operation: string, appId: string): number;
  stop(): Promise<void>;
}

/**
 * An upstream for races: every answer waits for the test, so that their order is the test's.
 *
 * @param atOnce the answer about an account whose calls need not wait
 */
export async function heldUpstream(
  atOnce: (appId: string) => string | undefined = () => undefined,
): Promise<HeldUpstream> {
  const waiting = new Map<string, HeldCall[]>();
  const takers = new Map<string, ((call: HeldCall) => void)[]>();
  const seen: string[] = [];

  function arrived(operation: string, appId: string, res: ServerResponse): void {
    const call: HeldCall = {
      appId,
      answer(body) {
        res.setHeader('Content-Type', 'application/json');
        res.end(body);
      },
      gatewayTimeout() {
        res.writeHead(504, { 'Content-Type': 'text/html' }).end('<h1>504 Gateway Time-out</h1>');
      },
      reset: () => void res.socket?.resetAndDestroy(),
    };
    seen.push(`${operation} ${appId}`);
    const answer = atOnce(appId);
    if (answer !== undefined) return call.answer(answer);
    const taker = takers.get(operation)?.shift();
    if (taker !== undefined) taker(call);
    else waiting.set(operation, [...(waiting.get(operation) ?? []), call]);
  }

  const server = createServer((req, res) => {
    // A reset is then a call that was lost, and not one that met a connection which was just being closed.
    res.shouldKeepAlive = false;
    const operation = (req.url ?? '').replace('/v2/api/', '');
    void text(req).then((body) => {
      arrived(operation, (JSON.parse(body) as { appId: string }).appId, res);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/api`,
    async next(operation) {
      const call = waiting.get(operation)?.shift();
      if (call !== undefined) return call;
      return new Promise((resolve) => {
        takers.set(operation, [...(takers.get(operation) ?? []), resolve]);
      });
    },
    count: (operation, appId) => seen.filter((one) => one === `${operation} ${appId}`).length,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
