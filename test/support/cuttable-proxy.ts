import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { reset } from './reset.ts';

/** A TCP proxy in front of a server on 127.0.0.1, which a test can disturb. */
export interface CuttableProxy {
  readonly port: number;
  /** Drops all connections, and refuses new ones. */
  cut(): void;
  /**
   * A black hole: connections stay open and new ones are accepted, but no byte arrives in either direction until
   * `heal`.
   */
  hold(): void;
  /** Bytes from the server no longer arrive, until `heal`; bytes to it do. */
  mute(): void;
  /**
   * Drops the connections of the clients. The bytes that they sent still arrive, when `heal` is called or the time is
   * up. New connections work at once.
   */
  leaveBehind(afterMs: number): void;
  /** From now on, each chunk to the server arrives this many milliseconds later. */
  delay(ms: number): void;
  /** Ends every disturbance; held bytes arrive now. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export async function cuttableProxy(serverPort: number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let held: PromiseWithResolvers<void> | undefined;
  let muted: PromiseWithResolvers<void> | undefined;
  let delayMs = 0;
  let server: Server | undefined;
  const port = await freePort();

  /** Forwards every event of one end to the other, in order. */
  function carry(
    from: Socket,
    to: Socket,
    latenessMs: () => number,
    silence: () => Promise<void> | undefined,
  ): void {
    let before = Promise.resolve();
    const next = (step: () => void) => {
      const dueAt = performance.now() + latenessMs();
      before = before.then(async () => {
        const leftMs = dueAt - performance.now();
        if (leftMs > 0) await pause(leftMs, undefined, { ref: false });
        await silence();
        step();
      });
    };
    from.on('data', (chunk) => next(() => to.write(chunk)));
    from.on('end', () => next(() => to.end()));
    from.on('close', () => next(() => to.destroy()));
    // 'close' comes after it.
    from.on('error', () => undefined);
    sockets.add(from);
    from.once('close', () => sockets.delete(from));
  }

  async function listen(): Promise<void> {
    server = createServer({ allowHalfOpen: true }, (client) => {
      const upstream = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
      clients.add(client);
      client.once('close', () => clients.delete(client));
      carry(
        client,
        upstream,
        () => delayMs,
        () => held?.promise,
      );
      carry(
        upstream,
        client,
        () => 0,
        () => held?.promise ?? muted?.promise,
      );
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
  }

  function cut(): void {
    server?.close();
    server = undefined;
    for (const socket of sockets) reset(socket);
  }

  function letThrough(): void {
    held?.resolve();
    muted?.resolve();
    held = muted = undefined;
  }

  await listen();
  return {
    port,
    cut,
    hold() {
      held ??= Promise.withResolvers<void>();
    },
    mute() {
      muted ??= Promise.withResolvers<void>();
    },
    leaveBehind(afterMs) {
      const before = held;
      held = undefined;
      for (const client of clients) reset(client);
      setTimeout(() => before?.resolve(), afterMs);
    },
    delay(ms) {
      delayMs = ms;
    },
    async heal() {
      delayMs = 0;
      letThrough();
      if (server === undefined) await listen();
    },
    async stop() {
      const closed = server === undefined ? undefined : once(server, 'close');
      cut();
      letThrough();
      await closed;
    },
  };
}
