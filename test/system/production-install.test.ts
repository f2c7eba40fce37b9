/**
 * The production install: no development package, no install script, a user other than root, and nothing writable but
 * its data.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { isLong } from '../support/budget.ts';
import { runGateway } from '../support/gateway-process.ts';
import { httpGet } from '../support/http-client.ts';
import { askList } from '../support/lists.ts';
import { oldNodes, tooOld } from './npm/old-node.ts';
import {
  canConfine,
  confined,
  installForProduction,
  installWithoutScripts,
  ROOT,
} from './npm/production-install.ts';
import { KEY, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Locked {
  readonly dev?: true;
  readonly devOptional?: true;
  readonly optional?: true;
  readonly hasInstallScript?: true;
}

/** Mounts need root and their system calls; on other machines these two tests are skipped. */
const whereMountsWork = canConfine() ? test : test.skip;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let app: string;
let locked: readonly (readonly [path: string, Locked])[];

beforeAll(async () => {
  folder = await temporaryFolder();
  await chmod(folder.path, 0o755); // for the user who is not root
  app = join(folder.path, 'app');
  await installForProduction(app);
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  locked = Object.entries(lock.packages).filter(([path]) => path !== '');
}, 600_000);
afterAll(() => folder.remove());

describe('the production install', () => {
  test('has every package that the gateway needs, and no development package', () => {
    const isThere = ([path]: readonly [string, Locked]) => existsSync(join(app, path));
    const forDevelopment = locked.filter(([, { dev }]) => dev);
    const needed = locked.filter(
      ([, { dev, devOptional, optional }]) => !dev && !devOptional && !optional,
    );
    expect(forDevelopment.length).toBeGreaterThan(100);
    expect(forDevelopment.filter(isThere)).toEqual([]);
    expect(needed.length).toBeGreaterThan(50);
    expect(needed.filter((one) => !isThere(one))).toEqual([]);
  });

  test('has no package with an install script', () => {
    const scripted = locked.filter(([, { dev, hasInstallScript }]) => !dev && hasInstallScript);
    expect(scripted).toEqual([]);
  });

  test('reports missing settings, like the source does', async () => {
    const gateway = runGateway(['check'], {
      cwd: folder.path,
      command: [process.execPath, join(app, 'dist/main.js')],
    });
    expect(await gateway.ended).toEqual({ code: 78, signal: null });
    expect(gateway.output()).toContain('GEWE_BASE_URL');
  });

  test.each(oldNodes)('prints one line if $name is too old', async ({ version, command }) => {
    const gateway = runGateway(['start'], {
      cwd: folder.path,
      command: [...command, join(app, 'dist/main.js')],
    });
    expect(await gateway.ended).toEqual({ code: 1, signal: null });
    expect(gateway.output()).toBe(tooOld(version));
  });

  whereMountsWork(
    'returns and saves a list as a user other than root, with nothing writable but its data',
    async () => {
      const data = join(folder.path, 'data');
      await mkdir(data);
      const tokenFile = join(folder.path, 'token');
      await writeFile(tokenFile, TOKEN);
      const simulator = createSimulator({ token: TOKEN });
      const { baseUrl } = await simulator.start();
      const command = confined(data);
      const start = () =>
        runGateway(['start'], {
          cwd: app,
          command: [...command, process.execPath, join(app, 'dist/main.js')],
          env: {
            PATH: process.env['PATH'] ?? '',
            GEWE_BASE_URL: baseUrl,
            GEWE_TOKEN_FILE: tokenFile,
            GATEWAY_KEYS: `test:${KEY}`,
            STORE_URL: `sqlite:${data}/gateway.db`,
            PORT: '0',
            OPS_PORT: '0',
          },
        });
      let gateway = start();
      try {
        const live = await askList(await gateway.listening(), 'wx_a');
        expect([live.status, live.headers['x-gateway-source']]).toEqual([200, 'live']);
        gateway.kill('SIGTERM');
        expect((await gateway.ended).code).toBe(0);

        gateway = start();
        const saved = await askList(await gateway.listening(), 'wx_a', {
          'Cache-Control': 'only-if-cached',
        });
        expect(saved.headers['x-gateway-source']).toBe('saved');
        expect(saved.body).toEqual(live.body);
      } finally {
        gateway.kill('SIGKILL');
        await gateway.ended;
        await simulator.stop();
      }
    },
  );

  whereMountsWork('really had nothing else writable in that test', async () => {
    const data = join(folder.path, 'other-data');
    await mkdir(data);
    const [program, ...before] = confined(data);
    const tries = [
      'id -u',
      `touch ${data}/x && echo data`,
      ...[app, folder.path, '/tmp', '/var/tmp', '/dev/shm', '/'].map(
        (at) => `touch ${at}/x 2>/dev/null && echo ${at}`,
      ),
    ].join('\n');
    const { stdout } = await promisify(execFile)(program, [
      ...before,
      'sh',
      '-c',
      `${tries}\ntrue`,
    ]);
    expect(stdout.trim().split('\n')).toEqual(['1000', 'data']);
  });
});

// Takes half a minute and a network, so it is in the long run only.
(isLong ? test : test.skip)(
  '`npm ci --ignore-scripts` gives a gateway that works with the Node 24 of its host (in the long run only)',
  async () => {
    const host = join(folder.path, 'host');
    await installWithoutScripts(host);
    // The package `node` provides its program by a script, which was not run: npm uses the PATH instead.
    const gateway = runGateway(['start'], {
      cwd: host,
      command: ['npm', 'run', 'gewe-gateway', '--'],
      env: {
        PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
        HOME: folder.path,
        GEWE_BASE_URL: 'http://127.0.0.1:9/v2/api',
        GEWE_TOKEN: TOKEN,
        GATEWAY_KEYS: `test:${KEY}`,
        PORT: '0',
        OPS_PORT: '0',
      },
    });
    try {
      const { url } = await gateway.listening();
      expect((await httpGet(url, '/readyz')).status).toBe(200);
      expect(existsSync(join(host, 'data/gateway.db'))).toBe(true);
    } finally {
      gateway.kill('SIGTERM');
      await gateway.ended;
    }
  },
  600_000,
);

describe('deploy/Dockerfile', () => {
  let lines: readonly string[];
  beforeAll(async () => {
    const text = await readFile(join(ROOT, 'deploy/Dockerfile'), 'utf8');
    lines = text.split('\n').filter((line) => !line.startsWith('#'));
  });

  test('runs the gateway as a numeric user other than root', () => {
    const users = lines.filter((line) => line.startsWith('USER '));
    expect(users).toEqual([expect.stringMatching(/^USER [1-9]\d*:[1-9]\d*$/)]);
    const afterUser = lines.slice(lines.indexOf(users[0] ?? ''));
    expect(afterUser.filter((line) => /^(?:RUN|COPY|FROM)\b/.test(line))).toEqual([]);
  });

  test('runs no install script, and removes the development packages', () => {
    const installs = lines.filter((line) => /npm (?:ci|install|prune)/.test(line));
    expect(installs).toHaveLength(2);
    for (const line of installs) expect(line).toContain('--ignore-scripts');
    expect(installs[1]).toContain('npm prune --omit=dev');
  });

  test('has an allow-list as its build context, without .env and config/clients.yaml', async () => {
    const ignored = await readFile(join(ROOT, '.dockerignore'), 'utf8');
    const [first, ...rest] = ignored.trim().split('\n');
    expect(first).toBe('*');
    const allowed = rest.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(allowed).not.toContain('.env');
    for (const name of allowed) expect(existsSync(join(ROOT, name))).toBe(true);
    expect(rest).toContain('config/clients.yaml');
  });
});
