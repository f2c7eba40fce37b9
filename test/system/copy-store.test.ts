/** `copy-store`, as the recipe types it, between SQLite and Redis: what is copied, and what is refused. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COUNT_BUCKET_MS } from '../../src/history/ports.ts';
import { openSource } from '../../src/stores/sqlite/transfer.ts';
import { SECTIONS } from '../../src/stores/transfer.ts';
import { budget } from '../support/budget.ts';
import { describeOnRedis } from '../support/describe-on-redis.ts';
import { runGateway } from '../support/gateway-process.ts';
import { gatewayProcesses } from '../support/gateway-processes.ts';
import { fillSqlite } from '../support/many-accounts.ts';
import { startRedis, type RedisUnderTest } from '../support/redis-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { blockWith, recipeBlocks } from './recipes/recipe.ts';
import { typeCommands } from './recipes/type-commands.ts';

const ACCOUNTS = budget(300, 20_000);
const commandOf = (heading: string) =>
  blockWith(recipeBlocks('sqlite-to-redis.md', heading), 'copy-store');
const PASSWORD = 'a-long-password';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  // At the end of a bucket, so that no count of requests is over before the copy is.
  const filledAt = Math.ceil(Date.now() / COUNT_BUCKET_MS) * COUNT_BUCKET_MS;
  await fillSqlite(join(folder.path, 'data/gateway.db'), ACCOUNTS, filledAt);
});
afterAll(() => folder.remove());

function start(args: string[], env: Readonly<Record<string, string>> = {}) {
  return runGateway(args, { cwd: folder.path, env });
}

async function run(args: string[], env: Readonly<Record<string, string>> = {}) {
  const command = start(args, env);
  const { code } = await command.ended;
  return { code, output: command.output() };
}

/** Those of one account have an order. */
const ORDERED: readonly string[] = ['attempts', 'actions', 'fetches'];

/** The records of each section by account, or by their text. Ids of entries are those of the engine. */
async function contentOf(file: string): Promise<Record<string, string[]>> {
  const source = await openSource(join(folder.path, file));
  const content: Record<string, string[]> = {};
  for (const section of SECTIONS) {
    const records: { readonly key: string; readonly json: string }[] = [];
    for await (const batch of source.read(section)) {
      for (const record of batch) {
        const { id, ...rest } = { id: undefined, appId: undefined, ...record };
        const json = JSON.stringify(ORDERED.includes(section) ? rest : { id, ...rest }, byName);
        records.push({ key: ORDERED.includes(section) ? String(rest.appId) : json, json });
      }
    }
    records.sort((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)));
    content[section] = records.map(({ json }) => json);
  }
  await source.close();
  return content;
}

/** Members in the order of their names. */
function byName(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

describeOnRedis('copy-store', () => {
  let redis: RedisUnderTest;
  beforeAll(async () => {
    redis = await startRedis({ password: PASSWORD });
  });
  afterAll(() => redis.stop());

  test(
    'copies everything to Redis and back',
    async () => {
      const env = { STORE_URL: `${redis.url}/1` };
      const there = await typeCommands(folder.path, env, commandOf('## Step by step'));
      expect(there).toContain(`  ${ACCOUNTS.toLocaleString('en-US')} account clocks\n`);
      expect(there).not.toContain('Left out');
      expect(there).toContain('The target has all of it');
      const back = await typeCommands(folder.path, env, commandOf('## Back to SQLite'));
      expect(back).toBe(there);
      const content = await contentOf('data/gateway.db');
      expect(content['lists']?.length).toBeGreaterThan(0.9 * ACCOUNTS);
      expect(await contentOf('data/gateway-2.db')).toEqual(content);
      expect(there + back).not.toContain(PASSWORD);
    },
    budget(60_000, 600_000),
  );

  test('stores in use, and targets with anything in them, are refused', async () => {
    await redis.command('SET', 'gewe-gateway:left', '1');
    const gateways = await gatewayProcesses({ folder: folder.path });
    try {
      await gateways.start({ STORE_URL: 'sqlite:used.db' });
      await gateways.start({ STORE_URL: `${redis.url}/2` });
      for (const [from, to, why] of [
        ['sqlite:used.db', 'sqlite:to.db', 'another gateway'],
        [`${redis.url}/2`, 'sqlite:to.db', 'a gateway uses it'],
        ['sqlite:data/gateway.db', `${redis.url}/2`, 'a gateway uses it'],
        ['sqlite:data/gateway.db', 'sqlite:used.db', 'exists already'],
        ['sqlite:none.db', 'sqlite:to.db', 'there is no such file'],
        ['sqlite:data/gateway.db', redis.url, 'it is not empty'],
        ['memory:', 'sqlite:to.db', 'A store in memory cannot be copied'],
      ] as const) {
        const refused = await run(['copy-store', from, to]);
        expect(refused).toEqual({ code: 78, output: expect.stringContaining(why) });
        expect(refused.output).not.toContain(PASSWORD);
      }
      expect(existsSync(join(folder.path, 'to.db'))).toBe(false);
    } finally {
      await gateways.stop();
    }
  });
});

test('a backup is copied only if the adds since then may be forgotten', async () => {
  const env = { STORE_URL: 'sqlite:data/gateway.db' };
  expect((await run(['backup', 'backup.db'], env)).code).toBe(0);
  const args = ['copy-store', 'sqlite:backup.db', 'sqlite:of-backup.db'];
  const refused = await run(args);
  expect(refused).toEqual({ code: 78, output: expect.stringContaining('is not known') });
  expect((await run([...args, '--forget-gap'])).code).toBe(0);
});
