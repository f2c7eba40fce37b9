/** A Redis that has no room left, in memory or on its disk. */
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { FULL } from '../support/redis-outages.ts';
import { describeOutage } from './redis-outage.suite.ts';

describeOnRedis('A gateway', () => {
  describeOutage(FULL);
});
