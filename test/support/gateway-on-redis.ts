import { expect } from '@jest/globals';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { addBody, ADD } from './add-contacts.ts';
import { cuttableProxy, type CuttableProxy } from './cuttable-proxy.ts';
import { eventually } from './eventually.ts';
import { readiness } from './gateways-on-one-file.ts';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from './http-client.ts';
import { startRedis, type RedisOptions, type RedisUnderTest } from './redis-server.ts';
import { startGateway, TOKEN, type TestGateway, type TestGatewayOptions } from './start-gateway.ts';

export interface GatewayOnRedis {
  readonly redis: RedisUnderTest;
  /** The wire between the gateway and its Redis. */
  readonly wire: CuttableProxy;
  readonly gateway: TestGateway;
  /** One more on the same Redis and upstream, on a wire that nobody spoils. Stops with this one. */
  another(): Promise<TestGateway>;
  call(operation: string, body: object, headers?: Record<string, string>): Promise<HttpAnswer>;
  add(
    appId: string,
    v3: string,
    how?: { readonly option?: number; readonly key?: string },
  ): Promise<HttpAnswer>;
  admin(method: string, path: string, body?: object): Promise<HttpAnswer>;
  /** Resolves when /readyz has this status. */
  untilReadiness(status: number): Promise<void>;
  /** Lines of the log with this text. */
  logged(text: string): Record<string, unknown>[];
  stopGateways(): Promise<void>;
  stop(): Promise<void>;
}

export const AWAY = 'the store is away';
export const BACK = 'the store is back';

interface Options extends Omit<TestGatewayOptions, 'simulator'> {
  readonly redis?: RedisOptions;
  /** Before the gateway starts. */
  readonly before?: (parts: Pick<GatewayOnRedis, 'redis' | 'wire'>) => unknown;
}

/** Outages that are the machine's own, which has other things to do. */
const NOISE = 3;

/** Expects the lines of so many outages, each with its end, and no flood. */
export function expectToldOnce({ logged }: GatewayOnRedis, outages = 1): void {
  const told = logged(AWAY).length;
  expect(told).toBeGreaterThanOrEqual(outages);
  expect(told).toBeLessThanOrEqual(outages + NOISE);
  expect(logged(BACK)).toHaveLength(told);
}

/** A gateway on a Redis of its own, with a wire between them that can be spoiled. */
export async function gatewayOnRedis({
  redis: redisOptions = {},
  before = () => undefined,
  ...options
}: Options = {}): Promise<GatewayOnRedis> {
  const redis = await startRedis(redisOptions);
  const wire = await cuttableProxy(redis.port);
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const startOn = (storeUrl: string) =>
    startGateway({
      ...options,
      simulator,
      env: { GEWE_BASE_URL: baseUrl, STORE_URL: storeUrl, ...options.env },
    });
  await before({ redis, wire });
  const gateway = await startOn(redis.url.replace(String(redis.port), String(wire.port)));
  const gateways = [gateway];

  async function stopGateways(): Promise<void> {
    await Promise.all(gateways.splice(0).map((one) => one.stop()));
  }

  const call: GatewayOnRedis['call'] = (operation, body, headers = {}) =>
    httpCall(gateway.url, {
      path: `/contacts/${operation}`,
      headers: { ...GOOD_HEADERS, ...headers },
      body: JSON.stringify(body),
    });

  return {
    redis,
    wire,
    gateway,
    async another() {
      const other = await startOn(redis.url);
      gateways.push(other);
      return other;
    },
    call,
    add: (appId, v3, { option = ADD, key } = {}) =>
      call('addContacts', addBody(appId, v3, option), key === undefined ? {} : keyHeader(key)),
    admin: (method, path, body) =>
      httpCall(gateway.opsUrl, {
        method,
        path: `/admin${path}`,
        headers: { 'Content-Type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      }),
    async untilReadiness(status) {
      const isSo = async () => (await readiness(gateway.url)).status === status;
      if (await eventually(isSo)) return;
      throw new Error(`/readyz does not become ${status}: ${JSON.stringify(gateway.log)}`);
    },
    logged: (text) => gateway.log.filter(({ msg }) => String(msg).includes(text)),
    stopGateways,
    async stop() {
      await stopGateways();
      await simulator.stop();
      await wire.stop();
      await redis.stop();
    },
  };
}

const keyHeader = (key: string) => ({ 'Idempotency-Key': key });
