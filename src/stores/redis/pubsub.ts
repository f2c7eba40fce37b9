import { within } from '../../time.ts';
import { pubSubChannel } from './keys.ts';
import { connect } from './connection.ts';
import type { RedisServer } from './server.ts';

/** Messages between the gateways on one Redis. A message may be lost, so nothing may depend on them alone. */
export interface PubSub {
  /** Calls `listener` with the text of each message about `topic`, of other gateways and of this one. */
  on(topic: string, listener: (text: string) => void): void;
  /** For scripts, which publish: `redis.call('PUBLISH', channel, 'topic text')`. */
  readonly channel: string;
  close(): void;
}

const SUBSCRIBED_WITHIN_MS = 1000;
const RESUBSCRIBE_EVERY_MS = 10_000;

export function openPubSub(url: string, server: Pick<RedisServer, 'onReturn'>): PubSub {
  const listeners = new Map<string, (text: string) => void>();
  // The other connection reports what is wrong with Redis.
  const client = connect(url, () => undefined);
  const channel = pubSubChannel(client.options.db ?? 0);
  const subscribe = async () => {
    const answer = await within(client.subscribe(channel), SUBSCRIBED_WITHIN_MS);
    if (answer === 'deadline') throw new Error('No answer');
  };
  client.on('ready', () => void subscribe().catch(() => undefined));
  // A connection may be dead although nobody closed it, and no other command on this one would show it.
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
