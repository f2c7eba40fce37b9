import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { addBody, ADD } from './add-contacts.ts';
import { cuttableProxy, type CuttableProxy } from './cuttable-proxy.ts';
import { eventually } from './eventually.ts';
import {
  gatewayProcesses,
  type GatewayProcesses,
  type RunningGateway,
} from './gateway-processes.ts';
import { GOOD_HEADERS, httpCall, readiness, type HttpAnswer } from './http-client.ts';
import { startRedis, type RedisOptions, type RedisUnderTest } from './redis-server.ts';
import { startGateway, TOKEN, type TestGateway, type TestGatewayOptions } from './start-gateway.ts';

export interface GatewayOnRedis {
  readonly redis: RedisUnderTest;
  /** The proxy between the gateway and its Redis. */
  readonly wire: CuttableProxy;
  readonly gateway: TestGateway;
  /** Another gateway on the same Redis and upstream, without the proxy. It stops with this one. */
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

/** Outages caused by a busy machine. */
const NOISE = 3;

/** Expects the log lines of this many outages, each with its end, and not many more. */
export function expectToldOnce({ logged }: GatewayOnRedis, outages = 1): void {
  const told = logged(AWAY).length;
  expect(told).toBeGreaterThanOrEqual(outages);
  expect(told).toBeLessThanOrEqual(outages + NOISE);
  expect(logged(BACK)).toHaveLength(told);
}

/** A gateway with its own Redis, and a proxy between them that a test can disturb. */
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
        headers: { 'Content-Type': 'application/json', Origin: gateway.opsUrl },
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

export interface SeveralGateways {
  /** In front of one upstream, on one Redis. */
  readonly gateways: readonly [TestGateway, TestGateway, TestGateway];
  readonly simulator: Simulator;
  readonly redis: RedisUnderTest;
  stop(): Promise<void>;
}

/** @param optionsOf options of each gateway besides the store and the upstream */
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

/** The next gateway in rotation. */
export function roundRobin(gateways: SeveralGateways['gateways'], index: number): TestGateway {
  return gateways[index % 3] ?? gateways[0];
}

export interface ProcessesOnRedis extends Omit<GatewayProcesses, 'start'> {
  readonly redis: RedisUnderTest;
  /** @param skewMs the error of this gateway's clock in milliseconds */
  start(env?: Readonly<Record<string, string>>, skewMs?: number): Promise<RunningGateway>;
}

export const SKEWED_TIME = fileURLToPath(new URL('./skewed-time.ts', import.meta.url));

/** Gateways as processes on one Redis, in front of one upstream. */
export async function processesOnRedis(policy: string): Promise<ProcessesOnRedis> {
  const redis = await startRedis();
  const processes = await gatewayProcesses({ policy, env: { STORE_URL: redis.url } });
  return {
    ...processes,
    redis,
    start: (env = {}, skewMs = 0) =>
      processes.start({ SKEW_MS: String(skewMs), ...env }, [
        process.execPath,
        '--import',
        SKEWED_TIME,
      ]),
    async stop() {
      await processes.stop();
      await redis.stop();
    },
  };
}
