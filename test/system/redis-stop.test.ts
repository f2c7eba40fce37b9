/**
 * A gateway that is stopped while its Redis cannot be used: it exits with 0 within its grace period, and nothing keeps
 * it alive.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { isLong } from '../support/budget.ts';
import { cuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { runGateway } from '../support/gateway-process.ts';
import { GOOD_HEADERS, httpCall } from '../support/http-client.ts';
import { LIST } from '../support/lists.ts';
import { BLACK_HOLE, CUT, FROZEN, KILLED, REPLICA, slowBy } from './redis/redis-outages.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { LEAST_ENV, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GRACE_MS = 1000;
/** The time for closing the rest, on a busy machine. */
const MORE_MS = 8000;

const OPEN_AND_CLOSE = `
const { openRedisStores } = await import('./src/stores/redis/redis-stores.ts');
const nothing = () => undefined;
const events = { onAway: nothing, onBack: nothing, onWarning: nothing };
const stores = await openRedisStores(process.argv[1], undefined, 1e6, events);
process.stdin.once('data', async () => {
  process.stdin.destroy();
  await stores.close();
  console.log('closed');
});
console.log('open');
`;

describeOnRedis('A gateway', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let redis: RedisUnderTest;
  let wire: CuttableProxy;
  let simulator: Simulator;
  beforeEach(async () => {
    folder = await temporaryFolder();
    redis = await startRedis();
    wire = await cuttableProxy(redis.port);
    simulator = createSimulator({ token: TOKEN });
  });
  afterEach(async () => {
    await simulator.stop();
    await wire.stop();
    await redis.stop();
    await folder.remove();
  });

  describe.each(
    isLong ? [KILLED, FROZEN, BLACK_HOLE, CUT, REPLICA, slowBy(2000)] : [KILLED, FROZEN],
  )('while Redis is $name', (outage) => {
    test('exits with 0 after SIGTERM, despite running calls', async () => {
      const { baseUrl } = await simulator.start();
      simulator.behave('wx_slow', { hang: true });
      const gateway = runGateway(['start'], {
        cwd: folder.path,
        env: {
          ...LEAST_ENV,
          GEWE_BASE_URL: baseUrl,
          STORE_URL: `redis://127.0.0.1:${wire.port}`,
          SHUTDOWN_GRACE_MS: String(GRACE_MS),
        },
      });
      const { url } = await gateway.listening();
      const ask = (path: string) =>
        httpCall(url, { path, headers: GOOD_HEADERS, body: '{"appId":"wx_slow"}' });
      const asking = ask('/contacts/fetchContactsList').catch(() => undefined);
      await simulator.waitForCall(({ operation }) => operation === LIST);
      await outage.strike({ redis, wire });
      const [status] = [(await ask('/contacts/addContacts')).status];
      expect([400, 503]).toContain(status);

      const from = performance.now();
      gateway.kill('SIGTERM');
      expect(await gateway.ended).toEqual({ code: 0, signal: null });
      expect(performance.now() - from).toBeLessThan(GRACE_MS + MORE_MS);
      await asking;
      expect(gateway.output()).not.toMatch(/unhandled|the gateway failed|Warning/i);
      if (outage === FROZEN) redis.thaw();
    });

    test.each(['an outage before it was connected', 'an outage after it was connected'])(
      'closing its stores lets the process end: %s',
      async (when) => {
        if (when === 'an outage before it was connected') await outage.strike({ redis, wire });
        const child = spawn(
          process.execPath,
          ['--input-type=module', '-e', OPEN_AND_CLOSE, `redis://127.0.0.1:${wire.port}`],
          { stdio: ['pipe', 'pipe', 'inherit'] },
        );
        child.stdout.setEncoding('utf8');
        await once(child.stdout, 'data');
        if (when === 'an outage after it was connected') await outage.strike({ redis, wire });
        const ended = once(child, 'close');
        child.stdin.write('close');
        await once(child.stdout, 'data');
        const from = performance.now();
        expect(await ended).toEqual([0, null]);
        expect(performance.now() - from).toBeLessThan(MORE_MS);
        if (outage === FROZEN) redis.thaw();
      },
    );
  });
});
