import { performance } from 'node:perf_hooks';
import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.ts';
import { connect } from './connection.ts';
import { createPatience } from './patience.ts';
import { plain, RedisError } from './redis-error.ts';
import type { Reply, Script } from './script.ts';
import { textAt } from './script.ts';
import { createServerClock } from './server-clock.ts';

/** One Redis, which may be away. */
export interface RedisServer {
  /** The server's time, or the one given instead. */
  readonly clock: Clock;
  /** Runs a script as one step. Rejects at once while Redis is away, and soon where it is silent. */
  run(
    script: Script,
    keys: readonly string[],
    args?: readonly (string | number | Buffer)[],
  ): Promise<Reply>;
  /** Asks in the words of the client, within the same bounds. */
  ask<T>(question: (client: Redis) => Promise<T>): Promise<T>;
  /** Calls `listener` whenever Redis answers again, for the first time too. */
  onReturn(listener: () => void): void;
  /** Resolves when Redis has answered or could have. */
  readonly tried: Promise<void>;
  close(): Promise<void>;
}

/** What is heard of a server. */
export interface ServerEvents {
  onAway(why: Error): void;
  onBack(): void;
}

/** A refused addContacts must reach its caller within 500 ms, and this is what it waits for. */
const SILENCE_MS = 300;
/** For one answer among many. What Redis comes to only later than that it does not do. */
const WAIT_MS = 1500;
const LOOK_EVERY_MS = 1000;
/** Sooner, to be back soon. */
const LOOK_EVERY_AWAY_MS = 200;
/** A connection over which nothing has come for so long may be dead although nobody closed it. */
const RECONNECT_AFTER_MS = 5000;
/** For a start beside a Redis that is there. */
const FIRST_TRY_MS = 1000;

/** @param givenClock instead of the server's time */
export function openRedis(
  url: string,
  givenClock: Clock | undefined,
  { onAway, onBack }: ServerEvents,
): RedisServer {
  const serverClock = createServerClock();
  const patience = createPatience({ silenceMs: SILENCE_MS, waitMs: WAIT_MS });
  const listeners: (() => void)[] = [];
  const { promise: tried, resolve: endTry } = Promise.withResolvers<void>();
  /** Why it cannot be asked; undefined while it answers. */
  let away: RedisError | undefined = new RedisError('it is not connected yet', false);
  let told = false;
  let awaySince = performance.now();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  const client = connect(url, goAway);
  client.on('ready', () => void look());
  client.on('close', () => goAway(new RedisError('the connection is closed', false)));

  function goAway(why: RedisError): void {
    if (closed) return;
    if (away === undefined) awaySince = performance.now();
    // That a connection closed says less than what had gone wrong before.
    if (away === undefined || !told) onAway(why);
    told = true;
    away = why;
    endTry();
  }

  function comeBack(): void {
    if (away === undefined || closed) return;
    away = undefined;
    if (told) onBack();
    told = false;
    endTry();
    for (const listener of listeners) listener();
  }

  const soon = <T>(answer: Promise<T>): Promise<T> =>
    patience.wait(answer, () => {
      const problem = `it does not answer within ${SILENCE_MS} ms`;
      goAway(new RedisError(problem, false));
      return new RedisError(problem, true);
    });

  async function look(): Promise<void> {
    clearTimeout(timer);
    const askedAt = performance.now();
    try {
      const [seconds, microseconds] = await soon(client.time());
      serverClock.saw(
        Number(seconds) * 1000 + Number(microseconds) / 1000,
        performance.now() - askedAt,
      );
      comeBack();
    } catch {
      if (away !== undefined && performance.now() - awaySince > RECONNECT_AFTER_MS) reconnect();
    }
    if (closed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void look(), away === undefined ? LOOK_EVERY_MS : LOOK_EVERY_AWAY_MS);
  }

  function reconnect(): void {
    awaySince = performance.now();
    if (!closed && client.status !== 'reconnecting') client.disconnect(true);
  }

  async function ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    if (away !== undefined) throw away;
    try {
      return await soon(question(client));
    } catch (error) {
      // A failover has made a replica of the server that this connection leads to.
      if (String(error).includes('READONLY')) onReadOnly();
      throw plain(error);
    }
  }

  let readOnlyAt = -Infinity;
  function onReadOnly(): void {
    if (performance.now() - readOnlyAt < RECONNECT_AFTER_MS) return;
    readOnlyAt = performance.now();
    client.disconnect(true);
  }

  async function evaluate(
    { lua, sha }: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await client.callBuffer('EVALSHA', sha, ...rest);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return client.callBuffer('EVAL', lua, ...rest);
    }
  }

  setTimeout(endTry, FIRST_TRY_MS).unref();
  void look();
  return {
    clock: givenClock ?? serverClock,
    async run(script, keys, args = []) {
      const latest = serverClock.now() + WAIT_MS;
      const now = givenClock === undefined ? '' : givenClock.now();
      const reply = (await ask(() => evaluate(script, keys, [latest, now, ...args]))) as Reply;
      if (textAt(reply, 0) === 'late') throw new RedisError('it came too late', false);
      return reply;
    },
    ask,
    onReturn: (listener) => void listeners.push(listener),
    tried,
    async close() {
      closed = true;
      away ??= new RedisError('it is not used any more', false);
      clearTimeout(timer);
      client.disconnect();
    },
  };
}
