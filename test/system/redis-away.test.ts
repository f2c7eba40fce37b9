/** A Redis that cannot be reached: lists are returned, addContacts is refused without a charge, and everything recovers. */
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { BLACK_HOLE, CUT, FROZEN, KILLED } from './redis/redis-outages.ts';
import { describeOutage } from './redis/outage.suite.ts';

describeOnRedis('A gateway', () => {
  for (const outage of [KILLED, FROZEN, BLACK_HOLE, CUT]) describeOutage(outage);
});
