import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addressBook } from '../load/address-books.ts';
import { peerConfig, upstreamConfig } from '../peers/nginx.ts';
import { KEY, startGateway, TOKEN } from './built-gateway.ts';
import { type Core, freePort, listening, start, type Started, stopAll } from './processes.ts';

/** Scripts of the folder `peers`, each with its arguments after port, upstream and token. */
const scripts = {
  bareExpress: ['bare-express.ts'],
  usualExpress: ['usual-express.ts'],
  fastify: ['fastify.ts', KEY],
  readyBuffer: ['ready-list.ts', 'buffer'],
  readyObject: ['ready-list.ts', 'object'],
} as const;

/** `before` is another version of the gateway. */
export type ServerName = 'gateway' | 'before' | 'nginx' | keyof typeof scripts;

export interface Servers {
  readonly upstream: string;
  /** Where a server is. @throws Error if it was not among those to start */
  url(name: ServerName): string;
  stop(): Promise<void>;
}

/**
 * Starts the upstream on one core and these servers on the other. Their files go into the folder.
 *
 * @param before the checkout of the version `before`, built
 */
export async function startServers(
  names: Iterable<ServerName>,
  folder: string,
  before?: string,
): Promise<Servers> {
  const started: Started[] = [];
  const urls = new Map<ServerName, string>();
  const stop = () => stopAll(started);
  try {
    const upstreamPort = await startNginx('upstream', 'load', (port) =>
      upstreamConfig(port, TOKEN),
    );
    const upstream = `http://127.0.0.1:${upstreamPort}`;
    for (const name of new Set(names)) urls.set(name, await startServer(name, upstreamPort));
    return {
      upstream,
      url(name) {
        const url = urls.get(name);
        if (url === undefined) throw new Error(`${name} was not started`);
        return url;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  async function startServer(name: ServerName, upstreamPort: number): Promise<string> {
    const upstream = `http://127.0.0.1:${upstreamPort}`;
    if (name === 'gateway' || name === 'before') {
      const gateway = await startGateway(
        join(folder, name),
        { GEWE_BASE_URL: upstream },
        'servers',
        name === 'before' ? before : undefined,
      );
      started.push(gateway);
      return gateway.url;
    }
    const port =
      name === 'nginx'
        ? await startNginx('nginx', 'servers', (free) => peerConfig(free, upstreamPort, TOKEN, KEY))
        : await startScript(name, upstream);
    return `http://127.0.0.1:${port}`;
  }

  async function startScript(name: keyof typeof scripts, upstream: string): Promise<number> {
    const [file, ...args] = scripts[name];
    const path = fileURLToPath(new URL(`../peers/${file}`, import.meta.url));
    const port = await freePort();
    const command = [process.execPath, path, String(port), upstream, TOKEN, ...args] as const;
    const env = { PATH: process.env['PATH'], NODE_ENV: 'production' };
    started.push(start(command, { core: 'servers', env }));
    await listening(port);
    return port;
  }

  async function startNginx(
    name: string,
    core: Core,
    config: (port: number) => string,
  ): Promise<number> {
    const home = join(folder, name);
    await mkdir(home);
    // If root starts nginx, its worker runs as another user, who must reach the files too.
    for (const each of [folder, home]) await chmod(each, 0o755);
    const port = await freePort();
    await writeFile(join(home, 'list.json'), addressBook(0));
    await writeFile(join(home, 'nginx.conf'), config(port));
    started.push(start(['nginx', '-p', `${home}/`, '-c', 'nginx.conf'], { core, cwd: home }));
    await listening(port);
    return port;
  }
}
