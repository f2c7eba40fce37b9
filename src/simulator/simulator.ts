/**
 * A simulated GEWE: a real HTTP server that answers as GEWE does, and can be as slow, dead or rude as a test wants.
 * It knows nothing of the gateway.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../time.ts';
import { createKeptLists, listSize } from './answers.ts';
import { createBehaviourBook, type Behaviour } from './behaviour.ts';
import { type CallEnd, createCallLog, type RecordedCall } from './call-log.ts';
import { control, isControlPath } from './control.ts';
import { decide } from './decide.ts';
import { createTimers } from './timers.ts';
import { jsonAnswer, jsonObject, operationOf, pathnameOf, readBody, send } from './wire.ts';

export type { Behaviour } from './behaviour.ts';
export type { RecordedCall } from './call-log.ts';

const MOST_CALLS = 10_000;

export interface SimulatorOptions {
  /** The token that it accepts. Default `simulator-token`. */
  readonly token?: string;
  /** Milliseconds since the epoch, for the age of kept lists but not for delays. Default: the system's clock. */
  readonly now?: () => number;
  /** Whether connections are kept for further requests. Default true. */
  readonly keepsConnections?: boolean;
}

export interface Simulator {
  /**
   * Listens. May be called again after stop(), also for the same port.
   * @param port - 0 takes a free one.
   * @returns the port and the value for GEWE_BASE_URL
   */
  start(port?: number, host?: string): Promise<{ port: number; baseUrl: string }>;
  /** Ends every socket, timer and hanging response at once. Calls and behaviours are kept until reset(). */
  stop(): Promise<void>;
  /**
   * Sets the behaviours of an account, in place of earlier ones. The first that matches a call is used. `*` is every
   * account that has none of its own for the call; an empty list removes all.
   * @throws Error if it is no behaviour.
   */
  behave(appId: string, behaviour: Behaviour | readonly Behaviour[]): void;
  /** From now on accepts only this token. */
  setToken(token: string): void;
  /** Returns to the state at the start: no behaviours, calls or kept lists, and the first token. Cuts off open calls. */
  reset(): void;
  /** The last 10,000 calls, oldest first, without those of the control API. */
  readonly calls: readonly RecordedCall[];
  /**
   * Resolves with the `count`-th call that matches; calls that are already recorded count.
   * Rejects when the simulator stops first.
   */
  waitForCall(predicate: (call: RecordedCall) => boolean, count?: number): Promise<RecordedCall>;
}

export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const firstToken = options.token ?? 'simulator-token';
  const now = options.now ?? (() => systemClock.now());
  const behaviours = createBehaviourBook();
  const log = createCallLog(MOST_CALLS);
  const ends = new WeakMap<RecordedCall, CallEnd>();
  const keptLists = createKeptLists(now);
  const timers = createTimers();
  const sockets = new Set<Socket>();
  const underWay = new Set<ServerResponse>();
  let token = firstToken;
  let server: Server | undefined;

  function reset(): void {
    timers.clear();
    for (const res of underWay) res.destroy();
    behaviours.forgetAll();
    log.clear();
    keptLists.clear();
    token = firstToken;
  }

  function serve(req: IncomingMessage, res: ServerResponse): void {
    const receivedAt = now();
    const ended = new Promise<CallEnd>((resolve) => {
      res.once('close', () => resolve(res.writableFinished ? 'answered' : 'aborted'));
    });
    readBody(req, (body) => {
      const { method = '', url: path = '' } = req;
      const pathname = pathnameOf(path);
      if (body === undefined) {
        send(res, jsonAnswer({ error: 'The body is too large.' }, 413), {}, timers);
      } else if (isControlPath(pathname)) {
        const controlled = { behaviours, calls: log.calls, endOf, reset };
        send(res, control({ method, path: pathname, body }, controlled), {}, timers);
      } else {
        const call: RecordedCall = {
          method,
          path,
          operation: operationOf(pathname) ?? pathname.slice(1),
          appId: appIdOf(body),
          headers: req.headers,
          rawHeaders: req.rawHeaders,
          body,
          receivedAt,
          ended,
        };
        underWay.add(res);
        void ended.then((end) => {
          ends.set(call, end);
          underWay.delete(res);
        });
        log.add(call);
        answerCall(call, res);
      }
    });
  }

  function endOf(call: RecordedCall): CallEnd | undefined {
    return ends.get(call);
  }

  function answerCall(call: RecordedCall, res: ServerResponse): void {
    const { appId = '' } = call;
    const behaviour = behaviours.take(call.appId, call.operation);
    const known = { acceptedToken: token, keptList: keptLists.find(appId) };
    const { answer, finishesList } = decide(call, behaviour, known);
    function finish(): void {
      // Even if the caller has left: GEWE finishes its work all the same.
      if (finishesList) keptLists.keep(appId, listSize(behaviour));
      send(res, answer, behaviour, timers);
    }
    if (behaviour.delayMs === undefined) finish();
    else timers.after(behaviour.delayMs, finish);
  }

  return {
    async start(port = 0, host = '127.0.0.1') {
      if (server !== undefined) throw new Error('The simulator is already started.');
      // Longer than callers keep idle connections, so that the simulator never closes one that is about to be used.
      const starting = createServer({ keepAliveTimeout: 120_000 }, (req, res) => {
        res.shouldKeepAlive &&= options.keepsConnections ?? true;
        serve(req, res);
      });
      starting.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      server = starting;
      try {
        await listen(starting, port, host);
      } catch (error) {
        server = undefined;
        throw error;
      }
      const { port: taken } = starting.address() as AddressInfo;
      return { port: taken, baseUrl: `http://${reachableHost(host)}:${taken}/v2/api` };
    },
    async stop() {
      timers.clear();
      log.giveUp('The simulator stopped before such a call came.');
      const stopping = server;
      if (stopping === undefined) return;
      server = undefined;
      const closed = new Promise((resolve) => stopping.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    behave: (appId, behaviour) => behaviours.set(appId, behaviour),
    setToken(next) {
      token = next;
    },
    reset,
    calls: log.calls,
    waitForCall: (predicate, count = 1) => log.waitFor(predicate, count),
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function appIdOf(body: Buffer): string | undefined {
  const appId = jsonObject(body)?.['appId'];
  return typeof appId === 'string' ? appId : undefined;
}

/** A host that callers on this machine can connect to, which 0.0.0.0 and :: are not. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
