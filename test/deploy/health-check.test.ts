/** The command of the image's HEALTHCHECK, run against a gateway. */
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { runGateway, type GatewayProcess } from '../support/gateway-process.ts';
import { deployed } from './support/manifests.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const [, json = ''] = /^HEALTHCHECK[^\n]*\\\n *CMD (\[.*\])$/m.exec(deployed('Dockerfile')) ?? [];
const [program, ...args] = JSON.parse(json) as [string, ...string[]];

/** The exit code of the command, on this Node. */
async function healthOf(env: Readonly<Record<string, string>>): Promise<number> {
  expect(program).toBe('node');
  return promisify(execFile)(process.execPath, args, { env }).then(
    () => 0,
    (error: { code: number }) => error.code,
  );
}

const addresses = Object.values(networkInterfaces()).flat();
const hasIPv6 = addresses.some((one) => one?.address === '::1');

let gateway: GatewayProcess | undefined;
afterEach(async () => {
  gateway?.kill('SIGKILL');
  await gateway?.ended;
});

async function start(env: Readonly<Record<string, string>>): Promise<void> {
  const folder = await temporaryFolder();
  gateway = runGateway(['start'], {
    cwd: folder.path,
    env: {
      GEWE_BASE_URL: 'http://127.0.0.1:9/v2/api',
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `test:${KEY}`,
      STORE_URL: 'memory:',
      OPS_PORT: '0',
      ...env,
    },
  });
  await gateway.listening();
  await folder.remove();
}

describe('the HEALTHCHECK of the image', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.9',
    '0.0.0.0',
    'localhost',
    '',
    ...(hasIPv6 ? ['::', '::1'] : []),
  ])('finds a gateway that listens on HOST=%s, and fails after it is gone', async (host) => {
    const env = { HOST: host, PORT: String(await freePort()) };
    await start(env);
    expect(await healthOf(env)).toBe(0);
    gateway?.kill('SIGKILL');
    await gateway?.ended;
    expect(await healthOf(env)).toBe(1);
  });

  test.each([{}, { PORT: '' }, { HOST: '', PORT: '' }])(
    'with %j asks the default address of the gateway',
    (env) => expect(askedBy(env)).resolves.toEqual({ host: '127.0.0.1', port: 8080 }),
  );

  test('fails if the gateway does not answer 200', async () => {
    const server = createServer((_req, res) => void res.writeHead(503).end());
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await healthOf({ PORT: String(port) })).toBe(1);
    server.close();
  });
});

/** The address that the command would ask. Port 8080 of this machine may be used by another program. */
async function askedBy(env: Readonly<Record<string, string>>): Promise<unknown> {
  const spy =
    "require('node:http').get = ({ host, port }) => { console.log(JSON.stringify({ host, port })); process.exit() };";
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', spy + (args[1] ?? '')], {
    env,
  });
  return JSON.parse(stdout);
}
