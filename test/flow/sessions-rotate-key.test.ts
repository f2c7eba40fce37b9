import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { sessions } from '../../src/cli/sessions.ts';
import { hashKey } from '../../src/settings/clients.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { eventually } from '../support/eventually.ts';
import { MAIN, runGateway } from '../support/gateway-process.ts';
import { gatewayOnRedis, SKEWED_TIME } from '../support/gateways-on-redis.ts';
import { httpCall } from '../support/http-client.ts';
import { LEAST_ENV, startGateway, TOKEN } from '../support/start-gateway.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KEY = 'key-of-crm';
const CLIENTS = `clients:
  crm: { keys: ["sha256:${hashKey(KEY)}"], sessions: { maxSeconds: 600 } }
`;

async function run(args: string[], cwd: string, env: Record<string, string>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { stdout, stderr, cwd, program: 'gewe-gateway', env: { ...LEAST_ENV, ...env } };
  const code = await sessions(args, io);
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr) };
}

test('sessions rotate-key changes the key of a running gateway, and the tokens of before stay good', async () => {
  const folder = await temporaryFolder();
  const storeUrl = `sqlite:${join(folder.path, 'gateway.db')}`;
  const gateway = await startGateway({ clients: CLIENTS, env: { STORE_URL: storeUrl } });
  const clientsFile = join(gateway.folder, 'clients.yaml');
  const env = {
    STORE_URL: storeUrl,
    GATEWAY_CLIENTS: clientsFile,
    GEWE_BASE_URL: 'http://127.0.0.1:1',
  };
  const call = (path: string, key: string, body: string) =>
    httpCall(gateway.url, {
      path,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
      body,
    });
  const create = async () => (await call('/sessions', KEY, '{}')).json()['token'] as string;
  const keyIdOf = (token: string) =>
    Buffer.from(token.slice(4).split('.')[0] ?? '', 'base64url').toString();
  try {
    const old = await create();
    const { code, out } = await run(['rotate-key'], gateway.folder, env);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /^A new key signs session tokens\. Older tokens are accepted until 20\S+Z\.\n$/,
      ),
    ]);
    const isNew = async () => keyIdOf(await create()) !== keyIdOf(old);
    expect(await eventually(isNew)).toBe(true);
    expect((await call('/contacts/search', old, '{"appId":"wx_1"}')).status).toBe(200);
  } finally {
    await gateway.stop();
    await folder.remove();
  }
});

describeOnRedis('sessions rotate-key on a machine whose clock is two hours slow', () => {
  test('keeps the tokens of before, because the time of the store counts', async () => {
    const { redis, gateway, stop } = await gatewayOnRedis({ clients: CLIENTS });
    try {
      const call = (path: string, key: string, body: string) =>
        httpCall(gateway.url, {
          path,
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
          body,
        });
      let old = '';
      const isMade = async () => {
        // A Redis that gets no processor counts as away.
        const made = await call('/sessions', KEY, '{}');
        if (made.status === 201) old = made.json()['token'] as string;
        return made.status === 201;
      };
      expect(await eventually(isMade)).toBe(true);
      const command = runGateway(['sessions', 'rotate-key'], {
        cwd: gateway.folder,
        command: [process.execPath, '--import', SKEWED_TIME, MAIN],
        env: {
          ...LEAST_ENV,
          GEWE_BASE_URL: 'http://127.0.0.1:1',
          STORE_URL: redis.url,
          GATEWAY_CLIENTS: join(gateway.folder, 'clients.yaml'),
          SKEW_MS: String(-2 * 3_600_000),
        },
      });
      expect(await command.ended).toEqual({ code: 0, signal: null });
      const isRotated = async () => {
        const made = await call('/sessions', KEY, '{}');
        return made.status === 201 && !made.body.toString().includes(old.slice(0, 60));
      };
      expect(await eventually(isRotated)).toBe(true);
      expect((await call('/contacts/search', old, '{"appId":"wx_1"}')).status).toBe(200);
    } finally {
      await stop();
    }
  });
});

test.each<[string, string[], Record<string, string>, number, RegExp]>([
  ['without an action says what it can do', [], {}, 64, /Say what to do: sessions rotate-key/],
  [
    'with a store in memory says to restart',
    ['rotate-key'],
    {},
    78,
    /STORE_URL: .*Restart the gateway/,
  ],
  [
    'with a file that does not exist says so',
    ['rotate-key'],
    { STORE_URL: 'sqlite:none/x.db' },
    78,
    /there is no such file/,
  ],
  [
    'with a Redis that is away says so',
    ['rotate-key'],
    { STORE_URL: 'redis://127.0.0.1:1' },
    1,
    /The store cannot be used now/,
  ],
])('sessions %s', async (_what, args, env, code, message) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, '.env'), '');
  const result = await run(args, folder.path, { GEWE_BASE_URL: 'http://127.0.0.1:1', ...env });
  expect(result.code).toBe(code);
  expect(result.err).toMatch(message);
  expect(result.err).not.toContain(TOKEN);
  await folder.remove();
});
