import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { startRedis, type RedisUnderTest } from './redis-server.ts';
import { startGateway, TOKEN, type TestGateway, type TestGatewayOptions } from './start-gateway.ts';

export interface SeveralGateways {
  /** In front of one upstream, on one Redis. */
  readonly gateways: readonly [TestGateway, TestGateway, TestGateway];
  readonly simulator: Simulator;
  readonly redis: RedisUnderTest;
  stop(): Promise<void>;
}

/** @param optionsOf what one of them is told beside the store and the upstream */
export async function threeGateways(
  optionsOf: (index: number) => TestGatewayOptions = () => ({}),
): Promise<SeveralGateways> {
  const redis = await startRedis();
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const start = (index: number) => {
    const options = optionsOf(index);
    const env = { GEWE_BASE_URL: baseUrl, STORE_URL: redis.url, ...options.env };
    return startGateway({ ...options, simulator, env });
  };
  const gateways = await Promise.all([start(0), start(1), start(2)]);
  return {
    gateways,
    simulator,
    redis,
    async stop() {
      await Promise.all(gateways.map((one) => one.stop()));
      await simulator.stop();
      await redis.stop();
    },
  };
}

/** The gateway whose turn it is when callers go round. */
export function roundRobin(gateways: SeveralGateways['gateways'], index: number): TestGateway {
  return gateways[index % 3] ?? gateways[0];
}
