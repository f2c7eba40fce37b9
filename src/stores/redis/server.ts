import { performance } from 'node:perf_hooks';
import type { Clock } from '../../time.ts';
import { connect } from './connection.ts';
import { commonKey, newsChannel } from './keys.ts';
import { createOutage, type ServerEvents } from './outage.ts';
import { createPatience, SILENCE_MS, WAIT_MS } from './patience.ts';
import { isAnswer, plain, RedisError, saysItRefuses } from './redis-error.ts';
import { evaluate, script, textAt, type Argument, type Reply, type Script } from './script.ts';
import { createServerClock } from './server-clock.ts';

/** One Redis, which may be away. */
export interface RedisServer {
  /** The server's time, or the one given instead. */
  readonly clock: Clock;
  /** By how much `clock` may be behind the server's time, milliseconds. */
  mayLagMs(): number;
  /** Runs a script as one step. Rejects at once while Redis is away, and soon where it is silent. */
  run(script: Script, keys: readonly string[], args?: readonly Argument[]): Promise<Reply>;
  /** What it tells of itself, within the same bounds. Some users may not ask. */
  info(): Promise<string>;
  /** Rejects where Redis takes no write now. */
  check(): Promise<void>;
  /** Calls `listener` whenever Redis answers again or takes writes again, for the first time too. */
  onReturn(listener: () => void): void;
  /** Resolves when Redis has answered or could have. */
  readonly tried: Promise<void>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 1000;
/** Sooner, to be back soon. */
const LOOK_EVERY_AWAY_MS = 200;
/** A connection over which nothing has come for so long may be dead although nobody closed it. */
const RECONNECT_AFTER_MS = 5000;
/** For a start beside a Redis that is there. */
const FIRST_TRY_MS = 1000;

/** Fails where Redis takes no write or no news: as a replica, when it is full, when its disk is, for a user who may not. */
const write = script(`
redis.call('SET', KEYS[1], now, 'PX', 60000)
redis.call('PUBLISH', args[1], 'check')
return { 'written' }`);

/** @param givenClock instead of the server's time */
export function openRedis(
  url: string,
  givenClock: Clock | undefined,
  events: ServerEvents,
): RedisServer {
  const serverClock = createServerClock();
  const patience = createPatience();
  const outage = createOutage(events);
  const listeners: (() => void)[] = [];
  const { promise: tried, resolve: endTry } = Promise.withResolvers<void>();
  /** Since when it is in trouble, or when its connection was last made anew because of that. */
  let troubledSince = performance.now();
  /** Whether another server may stand under its name by now. */
  let mayHaveMoved = false;
  let closed = false;

  const client = connect(url, goAway);
  const channel = newsChannel(client.options.db ?? 0);
  client.on('connect', () => client.stream.on('data', patience.heard));
  client.on('ready', () => void look());
  client.on('close', () => goAway(new RedisError('the connection is closed', false)));

  const isWell = () => outage.whyAway() === undefined && !outage.isRefusing();

  function goAway(why: RedisError): void {
    if (closed) return;
    if (isWell()) troubledSince = performance.now();
    outage.away(why);
    endTry();
  }

  function refuse(why: RedisError): void {
    if (closed) return;
    if (isWell()) troubledSince = performance.now();
    const isNew = !outage.isRefusing();
    outage.refuses(why);
    // A failover may have made a replica of the server that this connection leads to.
    mayHaveMoved = why.problem.includes('READONLY');
    if (isNew && mayHaveMoved) reconnect();
  }

  const soon = <T>(answer: Promise<T>): Promise<T> =>
    patience.wait(answer, () => {
      const problem = `it does not answer within ${SILENCE_MS} ms`;
      goAway(new RedisError(problem, false));
      return new RedisError(problem, true);
    });

  /** Looks whether it is there, what time it has, and where there was trouble whether it takes writes. */
  async function look(): Promise<void> {
    clearTimeout(timer);
    try {
      if (client.status !== 'ready') throw new RedisError('there is no connection', false);
      const askedAt = performance.now();
      const [seconds, microseconds] = await soon(client.time());
      serverClock.saw(
        Number(seconds) * 1000 + Number(microseconds) / 1000,
        performance.now() - askedAt,
      );
      if (!isWell()) await comeBack();
    } catch (error) {
      if (isAnswer(error)) refuse(plain(error));
      else goAway(plain(error));
    }
    if (closed) return;
    const isDead = outage.whyAway() !== undefined || mayHaveMoved;
    if (isDead && performance.now() - troubledSince > RECONNECT_AFTER_MS) reconnect();
    clearTimeout(timer);
    timer = setTimeout(() => void look(), isWell() ? LOOK_EVERY_MS : LOOK_EVERY_AWAY_MS);
  }

  async function comeBack(): Promise<void> {
    const why = await soon(send(write, [commonKey('check')], [channel])).then(
      () => undefined,
      (error: unknown) => {
        if (isAnswer(error)) return plain(error);
        throw error;
      },
    );
    if (closed) return;
    const isBetter = outage.whyAway() !== undefined || why === undefined;
    if (why === undefined) {
      mayHaveMoved = false;
      outage.takesWrites();
    } else refuse(why);
    outage.answers();
    endTry();
    if (isBetter) for (const listener of listeners) listener();
  }

  function reconnect(): void {
    troubledSince = performance.now();
    if (!closed && client.status !== 'reconnecting') client.disconnect(true);
  }

  function assertThere(): void {
    const why = closed ? 'it is not used any more' : outage.whyAway();
    if (why !== undefined) throw new RedisError(why, false);
  }

  async function ask(question: () => Promise<Reply>): Promise<Reply> {
    assertThere();
    try {
      return await soon(question());
    } catch (error) {
      const reason = plain(error);
      if (saysItRefuses(error)) refuse(reason);
      // That a connection is ending is known here before it has ended.
      else if (!isAnswer(error)) goAway(reason);
      throw reason;
    }
  }

  function send(script: Script, keys: readonly string[], args: readonly Argument[]) {
    // It is not carried out any more when nobody waits for it.
    const latest = serverClock.atLeast() + SILENCE_MS;
    const now = givenClock === undefined ? '' : givenClock.now();
    return evaluate(client, script, keys, [latest, now, ...args]);
  }

  async function run(script: Script, keys: readonly string[], args: readonly Argument[] = []) {
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const reply = await ask(() => send(script, keys, args));
      if (textAt(reply, 0) !== 'late') return reply;
      // It was not done, so it may be asked for again: behind many others it takes its time.
      if (performance.now() > until) throw new RedisError('it came too late', false);
    }
  }

  const firstLook = () => {
    endTry();
    if (!isWell()) void look();
  };
  let timer = setTimeout(firstLook, FIRST_TRY_MS);
  return {
    clock: givenClock ?? serverClock,
    mayLagMs: () => (givenClock === undefined ? serverClock.mayLagMs() : 0),
    run,
    async info() {
      assertThere();
      return soon(client.info());
    },
    async check() {
      await run(write, [commonKey('check')], [channel]);
    },
    onReturn: (listener) => void listeners.push(listener),
    tried,
    async close() {
      closed = true;
      clearTimeout(timer);
      client.disconnect();
    },
  };
}
