/** A Redis that cannot be asked: lists go on, addContacts waits and costs nothing, and all comes back by itself. */
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { BLACK_HOLE, CUT, FROZEN, KILLED } from './redis/redis-outages.ts';
import { describeOutage } from './redis/outage.suite.ts';

describeOnRedis('A gateway', () => {
  for (const outage of [KILLED, FROZEN, BLACK_HOLE, CUT]) describeOutage(outage);
});
