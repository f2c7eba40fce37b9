import { within } from '../../time.ts';
import { newsChannel } from './keys.ts';
import { connect } from './connection.ts';
import type { RedisServer } from './server.ts';

/** What gateways tell each other through Redis. Nobody relies on it alone: a piece of news may be lost. */
export interface News {
  /** Calls `listener` with what other gateways and this one tell about `topic`. */
  on(topic: string, listener: (text: string) => void): void;
  /** Where a script publishes it: `redis.call('PUBLISH', channel, 'topic text')`. */
  readonly channel: string;
  close(): void;
}

const SUBSCRIBED_WITHIN_MS = 1000;
const RESUBSCRIBE_EVERY_MS = 10_000;

export function subscribeToNews(url: string, server: Pick<RedisServer, 'onReturn'>): News {
  const listeners = new Map<string, (text: string) => void>();
  // The other connection tells what is wrong with Redis.
  const client = connect(url, () => undefined);
  const channel = newsChannel(client.options.db ?? 0);
  const subscribe = async () => {
    const answer = await within(client.subscribe(channel), SUBSCRIBED_WITHIN_MS);
    if (answer === 'deadline') throw new Error('No answer');
  };
  client.on('ready', () => void subscribe().catch(() => undefined));
  // A connection that nobody closed may be dead all the same, and on this one nothing is asked that would show it.
  const resubscribe = () => {
    if (client.status !== 'ready') return;
    subscribe().catch(() => {
      if (client.status === 'ready') client.disconnect(true);
    });
  };
  server.onReturn(resubscribe);
  const timer = setInterval(resubscribe, RESUBSCRIBE_EVERY_MS);
  client.on('message', (_channel: string, message: string) => {
    const space = message.indexOf(' ');
    listeners.get(message.slice(0, space))?.(message.slice(space + 1));
  });
  return {
    channel,
    on: (topic, listener) => void listeners.set(topic, listener),
    close() {
      clearInterval(timer);
      client.disconnect();
    },
  };
}
