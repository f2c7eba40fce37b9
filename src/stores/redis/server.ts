import { performance } from 'node:perf_hooks';
import type { Clock } from '../../time.ts';
import type { StoreEvents } from '../stores.ts';
import {
  isReconnectDue,
  transition,
  whyUnusable,
  type Availability,
  type Effect,
  type ServerEvent,
} from './availability.ts';
import {
  connect,
  createAnswerTimeout,
  isAnswer,
  plain,
  RedisError,
  saysItRefuses,
  SILENCE_MS,
  WAIT_MS,
} from './connection.ts';
import { commonKey, pubSubChannel } from './keys.ts';
import { evaluate, script, textAt, type Argument, type Reply, type Script } from './script.ts';
import { createServerClock } from './server-clock.ts';

/** One Redis, which may be away. */
export interface RedisServer {
  /** The server's time, or the one given instead. */
  readonly clock: Clock;
  /** By how much `clock` may be behind the server's time, milliseconds. */
  mayLagMs(): number;
  /** Runs a script as one step. Rejects at once while Redis is away, and soon if it is silent. */
  run(script: Script, keys: readonly string[], args?: readonly Argument[]): Promise<Reply>;
  /** The answer to INFO, within the same bounds. Some users may not ask for it. */
  info(): Promise<string>;
  /** Rejects if Redis takes no write now. */
  check(): Promise<void>;
  /** Calls `listener` whenever Redis answers again or takes writes again, including the first time. */
  onReturn(listener: () => void): void;
  /** The channel of the gateways on this database. */
  readonly channel: string;
  /** Resolves once Redis has answered or has had the time to. */
  readonly tried: Promise<void>;
  close(): Promise<void>;
}

const HAS_HALF_COPY = 'it has half a copy of a store; empty it, and copy again';

const LOOK_EVERY_MS = 1000;
/** More often, to be back soon. */
const LOOK_EVERY_AWAY_MS = 200;
/** How long the start waits for a Redis that is there. */
const FIRST_TRY_MS = 1000;

/** Exists while a store is being copied here, and stays if that fails: gateways must not use half a store. */
export const HALF_COPY = commonKey('half-copy');

/** Fails if Redis takes no write or no message: as a replica, when it is full, when its disk is, for a user without the right. */
const write = script(`
if args[2] ~= 'fill' and redis.call('EXISTS', KEYS[2]) == 1 then return { 'half-copy' } end
redis.call('SET', KEYS[1], now, 'PX', 60000)
redis.call('PUBLISH', args[1], 'check')
return { 'written' }`);

/**
 * @param givenClock replaces the server's time
 * @param use `fill` to copy a store here; otherwise half a copy counts as away
 */
export function openRedis(
  url: string,
  givenClock: Clock | undefined,
  events: Pick<StoreEvents, 'onAway' | 'onBack'>,
  use: 'run' | 'fill' = 'run',
): RedisServer {
  const serverClock = createServerClock();
  const timeout = createAnswerTimeout();
  const listeners: (() => void)[] = [];
  const { promise: tried, resolve: endTry } = Promise.withResolvers<void>();
  let state: Availability = { kind: 'connecting', since: performance.now() };

  const client = connect(url, unreachable);
  const channel = pubSubChannel(client.options.db ?? 0);
  const writeKeys = [commonKey('check'), HALF_COPY];
  const writeArgs = [channel, use];
  client.on('connect', () => client.stream.on('data', timeout.heard));
  client.on('ready', () => void look());
  client.on('close', () => unreachable(new RedisError('the connection is closed', false)));

  function happened(event: ServerEvent): void {
    const { next, effects } = transition(state, event, performance.now());
    state = next;
    for (const effect of effects) carryOut(effect);
  }

  function carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'report-away':
        return events.onAway(effect.why);
      case 'report-back':
        return events.onBack();
      case 'notify-return':
        return listeners.forEach((listener) => listener());
      case 'reconnect':
        return reconnect();
      default:
        return effect satisfies never;
    }
  }

  function reconnect(): void {
    happened({ kind: 'reconnecting' });
    if (client.status !== 'reconnecting') client.disconnect(true);
  }

  function unreachable(why: RedisError): void {
    happened({ kind: 'unreachable', why });
    endTry();
  }

  const soon = <T>(answer: Promise<T>): Promise<T> =>
    timeout.wait(answer, () => {
      const problem = `it does not answer within ${SILENCE_MS} ms`;
      unreachable(new RedisError(problem, false));
      return new RedisError(problem, true);
    });

  /** Asks for the time, which shows that it answers, and after trouble whether it takes writes. */
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
      if (state.kind !== 'available') await probe();
    } catch (error) {
      if (isAnswer(error)) happened({ kind: 'refused', why: plain(error) });
      else unreachable(plain(error));
    }
    if (state.kind === 'closed') return;
    if (isReconnectDue(state, performance.now())) reconnect();
    clearTimeout(timer);
    const lookAgainMs = state.kind === 'available' ? LOOK_EVERY_MS : LOOK_EVERY_AWAY_MS;
    timer = setTimeout(() => void look(), lookAgainMs);
  }

  async function probe(): Promise<void> {
    const refusal = await soon(send(write, writeKeys, writeArgs)).then(
      (reply) => {
        if (textAt(reply, 0) === 'half-copy') throw new RedisError(HAS_HALF_COPY, false);
        return undefined;
      },
      (error: unknown) => {
        if (isAnswer(error)) return plain(error);
        throw error;
      },
    );
    happened({ kind: 'probed', refusal });
    endTry();
  }

  function assertUsable(): void {
    const why = whyUnusable(state);
    if (why !== undefined) throw new RedisError(why, false);
  }

  async function ask(question: () => Promise<Reply>): Promise<Reply> {
    assertUsable();
    try {
      return await soon(question());
    } catch (error) {
      const why = plain(error);
      if (saysItRefuses(error)) happened({ kind: 'refused', why });
      // A connection that is ending shows here before it has ended.
      else if (!isAnswer(error)) unreachable(why);
      throw why;
    }
  }

  function send(script: Script, keys: readonly string[], args: readonly Argument[]) {
    // Later than that nobody waits for it, and it is not carried out.
    const latest = serverClock.atLeast() + SILENCE_MS;
    const now = givenClock === undefined ? '' : givenClock.now();
    return evaluate(client, script, keys, [latest, now, ...args]);
  }

  async function run(script: Script, keys: readonly string[], args: readonly Argument[] = []) {
    const until = performance.now() + WAIT_MS;
    for (;;) {
      const reply = await ask(() => send(script, keys, args));
      if (textAt(reply, 0) !== 'late') return reply;
      // It was not carried out, so it may be sent again: behind many others it takes its time.
      if (performance.now() > until) throw new RedisError('it came too late', false);
    }
  }

  const firstLook = () => {
    endTry();
    if (state.kind !== 'available') void look();
  };
  let timer = setTimeout(firstLook, FIRST_TRY_MS);
  return {
    clock: givenClock ?? serverClock,
    mayLagMs: () => (givenClock === undefined ? serverClock.mayLagMs() : 0),
    run,
    async info() {
      assertUsable();
      return soon(client.info());
    },
    async check() {
      await run(write, writeKeys, writeArgs);
    },
    onReturn: (listener) => void listeners.push(listener),
    channel,
    tried,
    async close() {
      happened({ kind: 'closed' });
      clearTimeout(timer);
      client.disconnect();
    },
  };
}
