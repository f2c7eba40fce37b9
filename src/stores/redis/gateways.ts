import { StoreOpenError } from '../stores.ts';
import { plain } from './connection.ts';
import { numberAt, script } from './script.ts';
import { openRedis, type RedisServer } from './server.ts';

/** Every gateway subscribes to the channel of its database. */
const subscribers = script(`
return { 'subscribers', redis.call('PUBSUB', 'NUMSUB', args[1])[2] }`);

/** Whether gateways use the database of this server now. */
export async function hasGateways(server: Pick<RedisServer, 'run' | 'channel'>): Promise<boolean> {
  return (numberAt(await server.run(subscribers, [], [server.channel]), 1) ?? 0) > 0;
}

/** Opens a Redis for a command. Rejects with a StoreOpenError if it cannot be used. */
export async function openForCommand(url: string, use: 'run' | 'fill'): Promise<RedisServer> {
  const server = openRedis(
    url,
    undefined,
    { onAway: () => undefined, onBack: () => undefined },
    use,
  );
  try {
    await server.tried;
    await server.check();
    return server;
  } catch (error) {
    await server.close();
    const { problem } = plain(error);
    throw new StoreOpenError(placeOf(url), problem, 'See STORE_URL, and whether it runs', error);
  }
}

/** The URL without its user and password. */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
