/** A Redis without free memory, or with a full disk. */
import { test } from '@jest/globals';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { ownDisk } from '../support/disk-faults.ts';
import { DISK_FULL, FULL } from './redis/redis-outages.ts';
import { describeOutage } from './redis/outage.suite.ts';

describeOnRedis('A gateway', () => {
  describeOutage(FULL);
  if (ownDisk.isPossible) describeOutage(DISK_FULL);
  else test.skip('needs a mount for a full disk, which is not possible here', () => undefined);
});
