/** The gateway as it is deployed: built, with the flags of `npm start` and the image's variables for the C library. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };
import { type Core, eventually, freePort, start, type Started } from './processes.ts';

/** The compiled program in a checkout of the gateway. */
const mainOf = (checkout: string) => join(checkout, 'dist/main.js');
const THIS_CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
export const KEY = 'bench-key';
export const TOKEN = 'bench-token';

/** A bench sends more calls in a minute than a client may, and accepts more contacts than an account may. */
const POLICY = `clientRate: { requestsPerMinute: 10000000 }
addContacts: { accept: { perDay: 1000000 } }
`;

export interface BuiltGateway extends Started {
  readonly url: string;
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyAfterMs: number;
}

/**
 * Starts a gateway that keeps its SQLite database in this folder, which is created if it is missing. Resolves when it is ready.
 * @param checkout of the gateway to start, built; by default this one
 * @param settings environment variables beside those that every bench needs, such as GEWE_BASE_URL
 */
export async function startGateway(
  folder: string,
  settings: Readonly<Record<string, string>>,
  core?: Core,
  checkout = THIS_CHECKOUT,
): Promise<BuiltGateway> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'gateway.yaml'), POLICY);
  const [port, opsPort] = [await freePort(), await freePort()];
  const started = start([process.execPath, ...startFlags(), mainOf(checkout), 'start'], {
    ...(core === undefined ? {} : { core }),
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      ...imageVariables(),
      GEWE_TOKEN: TOKEN,
      GATEWAY_KEYS: `bench:${KEY}`,
      GATEWAY_CONFIG: 'gateway.yaml',
      STORE_URL: 'sqlite:gateway.db',
      PORT: String(port),
      OPS_PORT: String(opsPort),
      SHUTDOWN_GRACE_MS: '0',
      ...settings,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually('the gateway is ready', async () => (await fetch(`${url}/readyz`)).ok);
    return { ...started, url, readyAfterMs: performance.now() - started.startedAt };
  } catch (error) {
    await started.stop();
    throw error;
  }
}

function startFlags(): readonly string[] {
  return manifest.scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

function imageVariables(): Readonly<Record<string, string>> {
  const image = readFileSync(new URL('../../deploy/Dockerfile', import.meta.url), 'utf8');
  const variables = image.matchAll(/\b(MALLOC_\w+)=(\d+)/g);
  return Object.fromEntries([...variables].map(([, name = '', value = '']) => [name, value]));
}
