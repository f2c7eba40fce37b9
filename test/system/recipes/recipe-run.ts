import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, freePorts } from '../../support/free-port.ts';
import { COMPILED, runGateway } from '../../support/gateway-process.ts';
import { blockWith, recipeBlocks, withWords } from './recipe.ts';
import { redisProgram } from '../../support/redis-life.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { openTerminal } from './terminal.ts';

const GATEWAYS = [1, 2, 3];
const BALANCER = fileURLToPath(new URL('./tcp-balancer.ts', import.meta.url));

/** Three gateways started as docs/recipes/run-three.md says, and a balancer that knows nothing of HTTP. */
export interface RecipeRun {
  /** Where callers call. */
  readonly url: string;
  /**
   * The rolling restart as it stands there. Resolves to all that it printed, what the balancer was told, and the exit codes
   * of the gateways that were there before.
   */
  restart(): Promise<{
    readonly printed: string;
    readonly told: readonly string[];
    readonly codes: readonly string[];
  }>;
  /** How many requests each gateway has answered, in each of its lives. */
  answered(): Promise<readonly (readonly number[])[]>;
  stop(): Promise<void>;
}

/**
 * Types the recipe as it stands but for the ports, with settings of the test's own.
 *
 * @param env what stands in `.env`
 * @param policy what stands in config/gateway.yaml
 */
export async function runRecipe(
  env: Readonly<Record<string, string>>,
  policy: string,
): Promise<RecipeRun> {
  const folder = await temporaryFolder();
  await makeCheckout(folder.path, env, policy);
  const terminal = openTerminal(folder.path, {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.path,
    npm_config_update_notifier: 'false',
    NODE_COMPILE_CACHE: COMPILED,
  });
  const blocks = recipeBlocks('run-three.md', '## As processes');
  const [clients, ops] = [await freePorts(...GATEWAYS), await freePorts(...GATEWAYS)];
  const [redis, page] = [String(await freePort()), String(await freePort())];
  const ports = { 6380: redis, '808$1': `${clients}$1`, '909$1': `${ops}$1` };
  // Or Valkey, as it says.
  await terminal.type(`redis-server() { '${redisProgram}' "$@"; }`);
  await terminal.type(withWords(blockWith(blocks, 'redis-server '), { 6380: redis }));
  await terminal.type(withWords(blockWith(blocks, 'start()'), ports));
  const places = [page, ...GATEWAYS.map((gateway) => `${clients}${gateway}`)];
  const command = [process.execPath, BALANCER] as const;
  const balancer = runGateway(places, { cwd: folder.path, command });
  const [, url = ''] = await balancer.printed(/balancing on (\S+)/);

  return {
    url,
    async restart() {
      await terminal.type('before=$(cat data/gateway-*.pid)');
      const text = withWords(blockWith(blocks, 'for n in'), { 8404: page });
      const printed = await terminal.type(text);
      const codes = await terminal.type('for pid in $before; do wait $pid; echo $?; done');
      const told = balancer.output().match(/(?<=told ).*/g) ?? [];
      return { printed, told, codes: codes.trim().split('\n') };
    },
    answered: () =>
      Promise.all(
        GATEWAYS.map(async (gateway) => {
          const log = await readFile(join(folder.path, `data/gateway-${gateway}.log`), 'utf8');
          const lives = log.split('listening on').slice(1);
          return lives.map((life) => life.split('"msg":"request"').length - 1);
        }),
      ),
    async stop() {
      balancer.kill('SIGKILL');
      await balancer.ended;
      await terminal.close();
      await folder.remove();
    },
  };
}

/** A folder in which the recipe finds the project, with settings of its own. */
async function makeCheckout(
  path: string,
  env: Readonly<Record<string, string>>,
  policy: string,
): Promise<void> {
  for (const name of ['package.json', 'node_modules', 'src']) {
    await symlink(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), join(path, name));
  }
  await mkdir(join(path, 'config'));
  await writeFile(join(path, 'config/gateway.yaml'), policy);
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(join(path, '.env'), lines.join(''));
}
