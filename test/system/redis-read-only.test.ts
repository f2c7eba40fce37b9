/** A Redis that replies but accepts no writes, because of missing replicas or because it has become a replica. */
import { isLong } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { REPLICA, WITHOUT_REPLICAS } from './redis/redis-outages.ts';
import { describeOutage } from './redis/outage.suite.ts';

describeOnRedis('A gateway', () => {
  for (const outage of isLong ? [REPLICA, WITHOUT_REPLICAS] : [REPLICA]) describeOutage(outage);
});
