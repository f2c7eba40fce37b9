import { describe, expect, test } from '@jest/globals';
import { openStores } from '../../src/stores/open.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { engine } from '../support/engine.ts';
import { listBytes, saveList } from '../support/lists.ts';
import { startGateway } from '../support/start-gateway.ts';
import { NO_EVENTS } from '../support/stores-under-test.ts';

const describeHere = engine === 'redis' ? describeOnRedis : describe;

describeHere(`the flow tests on ${engine}`, () => {
  test('save to that engine', async () => {
    const gateway = await startGateway();
    await saveList(gateway, 'wx_1', listBytes('ann'));
    const { storeUrl } = gateway;
    expect(storeUrl.slice(0, storeUrl.indexOf(':'))).toBe(engine);

    // On SQLite, no other process may open the file before.
    await gateway.gateway.stop();
    const options = { clock: undefined, listMemoryBytes: 0, events: NO_EVENTS };
    const other = await openStores(storeUrl, options);
    const seenByOthers = await other.lists.load('wx_1');
    expect(seenByOthers?.body.toString()).toBe(engine === 'memory' ? undefined : listBytes('ann'));
    await other.close();
    await gateway.stop();
  });
});
