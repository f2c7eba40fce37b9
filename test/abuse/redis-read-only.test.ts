/** A Redis that answers and takes no writes, because of its replicas or because it has become one. */
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { REPLICA, WITHOUT_REPLICAS } from '../support/redis-outages.ts';
import { describeOutage } from './redis-outage.suite.ts';

describeOnRedis('A gateway', () => {
  for (const outage of [REPLICA, WITHOUT_REPLICAS]) describeOutage(outage);
});
