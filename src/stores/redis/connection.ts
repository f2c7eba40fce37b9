import { Redis } from 'ioredis';
import { isAnswer, plain, type RedisError } from './redis-error.ts';

/**
 * How the gateway talks to Redis. Nothing is sent twice or later than it was meant: a command whose answer is lost may have been
 * carried out, and one that waits for a connection belongs to a request that has gone on without it.
 */
const OPTIONS = {
  protocol: 2,
  disableClientInfo: true,
  connectionName: 'gewe-gateway',
  connectTimeout: 1000,
  disconnectTimeout: 200,
  maxLoadingRetryTime: 200,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // It would subscribe by itself without hearing of a failure: news.ts does it.
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: (times: number) => Math.min(50 * times, 500),
} as const;

/** Connects to `url` and goes on trying. `onError` hears what goes wrong, without secrets. */
export function connect(url: string, onError: (error: RedisError) => void): Redis {
  const client = new Redis(url, OPTIONS);
  client.on('error', (error: Error) => {
    onError(plain(error));
    // The client would go on although it is in another database than it was told.
    if (client.status === 'connect' && isAnswer(error)) client.disconnect(true);
  });
  return client;
}
