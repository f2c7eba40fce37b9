/** `check --live` in front of the simulator and of upstreams that are not GEWE. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { check } from '../../src/cli/check.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { freePort } from '../support/free-port.ts';
import { startRawUpstream, wire } from '../support/raw-upstream.ts';
import { startGateway, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { fakeIo } from '../unit/cli/io.ts';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

const simulator = createSimulator({ token: TOKEN });
let baseUrl: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void ({ baseUrl } = await simulator.start()));
afterAll(() => simulator.stop());
beforeEach(async () => void (folder = await temporaryFolder()));
afterEach(async () => {
  simulator.reset();
  await folder.remove();
});

const env = (more: Record<string, string | undefined> = {}) => ({
  GEWE_BASE_URL: baseUrl,
  GEWE_TOKEN: TOKEN,
  GATEWAY_KEYS: 'test:gwk_test_key',
  PORT: '0',
  OPS_PORT: '0',
  ...more,
});

/** The results, by the settings that they are about. */
async function live(more: Record<string, string | undefined> = {}) {
  const { io, printed } = fakeIo(folder.path, env(more));
  const code = await check(['--live', '--json'], io);
  expect(printed.stderr).toBe('');
  const report = JSON.parse(printed.stdout) as { ok: boolean; live: Finding[] };
  expect(report.ok).toBe(code === 0);
  const found = new Map(report.live.map((finding) => [finding.what, finding]));
  const failed = report.live.filter(({ ok }) => !ok).map(({ what }) => what);
  return { code, failed, of: (what: string) => found.get(what)?.detail ?? '' };
}

test('if all is well, check --live names each thing that it tried and exits with 0', async () => {
  const { io, printed } = fakeIo(folder.path, env());
  expect(await check(['--live'], io)).toBe(0);
  for (const what of ['HOST, PORT', 'OPS_HOST, OPS_PORT', 'STORE_URL', 'GEWE_BASE_URL']) {
    expect(printed.stdout).toContain(`  ok      ${what}: `);
  }
  expect(printed.stdout).toContain('  ok      GEWE_TOKEN: GEWE accepts the token.');
  expect(printed.stdout).not.toContain(TOKEN);
});

test('check --live makes one call to GEWE, which affects no account', async () => {
  await live();
  expect(simulator.calls.map(({ operation }) => operation)).toEqual(['login/checkOnline']);
});

test('check --live tries nothing if a setting is wrong', async () => {
  const { io, printed } = fakeIo(folder.path, env({ PORT: 'x' }));
  expect(await check(['--live', '--json'], io)).toBe(78);
  expect(JSON.parse(printed.stdout)).not.toHaveProperty('live');
  expect(simulator.calls).toEqual([]);
});

describe('the ports', () => {
  test('are free after the check', async () => {
    const port = await freePort();
    const env = { PORT: String(port) };
    expect(await live(env)).toMatchObject({ code: 0 });
    expect(await live(env)).toMatchObject({ code: 0 });
  });

  test.each([
    ['PORT', 'HOST, PORT'],
    ['OPS_PORT', 'OPS_HOST, OPS_PORT'],
  ])('a %s that is taken is reported with its settings', async (name, what) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const found = await live({ [name]: String(port) });
    taken.close();

    expect(found).toMatchObject({ code: 78, failed: [what] });
    expect(found.of(what)).toContain(`:${port}: the port is taken`);
  });

  test('an address that this machine does not have is reported', async () => {
    const found = await live({ HOST: '192.0.2.1' });
    expect(found).toMatchObject({ code: 78, failed: ['HOST, PORT'] });
    expect(found.of('HOST, PORT')).toContain('this machine does not have that address');
  });
});

describe('the store', () => {
  test('is not created by the check', async () => {
    expect(await live({ STORE_URL: 'sqlite:data/deep/gateway.db' })).toMatchObject({ code: 0 });
    expect(await live({ STORE_URL: 'sqlite:gateway.db' })).toMatchObject({ code: 0 });
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('that another process has locked is reported and stays unchanged', async () => {
    const path = join(folder.path, 'gateway.db');
    const gateway = await startGateway({ env: { STORE_URL: `sqlite:${path}` } });
    await gateway.stop();
    const holder = new DatabaseSync(path);
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const found = await live({ STORE_URL: 'sqlite:gateway.db' });
    holder.close();

    expect(found).toMatchObject({ code: 78, failed: ['STORE_URL'] });
    expect(found.of('STORE_URL')).toContain('another process');
    expect(await live({ STORE_URL: 'sqlite:gateway.db' })).toMatchObject({ code: 0 });
  });

  test('that belongs to another program is reported', async () => {
    const other = new DatabaseSync(join(folder.path, 'other.db'));
    other.exec('CREATE TABLE t (a)');
    other.close();
    const found = await live({ STORE_URL: 'sqlite:other.db' });
    expect(found).toMatchObject({ code: 78, failed: ['STORE_URL'] });
    expect(found.of('STORE_URL')).toContain('of another program');
  });

  test('on a Redis that cannot be reached is reported', async () => {
    const found = await live({ STORE_URL: `redis://127.0.0.1:${await freePort()}` });
    expect(found).toMatchObject({ code: 78, failed: ['STORE_URL'] });
    expect(found.of('STORE_URL')).toContain('Check that it is running');
  });
});

describe('the token', () => {
  test('is reported if GEWE rejects it, and GEWE as reached', async () => {
    simulator.setToken('another-token-1');
    const found = await live();
    expect(found).toMatchObject({ code: 78, failed: ['GEWE_TOKEN'] });
    expect(found.of('GEWE_BASE_URL')).toBe('GEWE answers there.');
    expect(found.of('GEWE_TOKEN')).toContain('GEWE rejects the token');
  });

  test('is accepted if GEWE answers that it does not know the account', async () => {
    simulator.behave('*', { deviceMissing: true });
    expect(await live()).toMatchObject({ code: 0 });
  });
});

describe('an upstream', () => {
  const upstream = ['GEWE_BASE_URL', 'GEWE_TOKEN'];

  test('whose base URL lacks its path is reported as reached, with the path that is missing', async () => {
    const found = await live({ GEWE_BASE_URL: new URL(baseUrl).origin });
    expect(found).toMatchObject({ code: 78, failed: upstream });
    expect(found.of('GEWE_BASE_URL')).toMatch(/was reached.*404.*\/v2\/api or \/gewe\/v2\/api/);
    expect(found.of('GEWE_TOKEN')).toContain('could not be tried');
  });

  test.each([
    ['that is an HTML page', { html: true }, 'not from GEWE: an answer that is not JSON'],
    ['that redirects', { redirectTo: 'https://gewe.example/v2/api' }, 'redirects to another'],
    ['behind a proxy that cannot reach it', { html: true, status: 502 }, 'HTTP status 502'],
    ['behind a firewall', { html: true, status: 403 }, 'refuses the call'],
    ['that is another JSON API', { raw: { body: '{"status":"UP"}' } }, 'JSON without `ret`'],
    ['that sends an empty response', { empty: true }, 'an empty answer'],
    ['that resets the connection', { reset: true }, 'no connection to it (ECONNRESET)'],
  ])('%s is reported', async (_what, behaviour, said) => {
    simulator.behave('*', behaviour);
    const found = await live();
    expect(found).toMatchObject({ code: 78, failed: upstream });
    expect(found.of('GEWE_BASE_URL')).toContain(said);
  });

  test('that never answers is reported after GEWE_TIMEOUT_MS', async () => {
    simulator.behave('*', { hang: true });
    const found = await live({ GEWE_TIMEOUT_MS: '2000' });
    expect(found).toMatchObject({ code: 78, failed: upstream });
    expect(found.of('GEWE_BASE_URL')).toContain('does not answer in time');
  });

  test('at a port on which nothing listens is reported', async () => {
    const found = await live({ GEWE_BASE_URL: `http://127.0.0.1:${await freePort()}/v2/api` });
    expect(found.of('GEWE_BASE_URL')).toContain('nothing listens at its host and port');
  });

  test('with an unknown host name is reported without the name', async () => {
    const found = await live({ GEWE_BASE_URL: 'http://gewe.invalid/v2/api' });
    expect(found.of('GEWE_BASE_URL')).toContain('its host name is not known');
    expect(found.of('GEWE_BASE_URL')).not.toContain('gewe.invalid');
  });

  test('that does not speak TLS is reported as such', async () => {
    const found = await live({ GEWE_BASE_URL: baseUrl.replace('http:', 'https:') });
    expect(found.of('GEWE_BASE_URL')).toContain('does not speak TLS');
  });

  test('that does not speak HTTP is reported', async () => {
    const raw = await startRawUpstream();
    raw.greet((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
    const found = await live({ GEWE_BASE_URL: raw.baseUrl });
    await raw.stop();
    expect(found.of('GEWE_BASE_URL')).toContain('an answer that is not HTTP');
  });

  test('that sends `ret` as a string is accepted as GEWE', async () => {
    const raw = await startRawUpstream();
    raw.behave('wx_gewe_gateway_check', (socket) => socket.end(wire('{"ret":"200","msg":"ok"}')));
    expect(await live({ GEWE_BASE_URL: raw.baseUrl })).toMatchObject({ code: 0 });
    await raw.stop();
  });

  test('that is another gewe-gateway is reported', async () => {
    const gateway = await startGateway({ simulator, env: { GEWE_BASE_URL: baseUrl } });
    const found = await live({ GEWE_BASE_URL: `${gateway.url}/v2/api` });
    await gateway.stop();
    expect(found.of('GEWE_BASE_URL')).toContain('a gewe-gateway answers there');
  });
});
