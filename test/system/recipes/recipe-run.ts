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

/** Three gateways started by docs/recipes/run-three.md, and a TCP balancer. */
export interface RecipeRun {
  /** Where callers call. */
  readonly url: string;
  /**
   * Runs the rolling restart of the recipe. Resolves to its output, the commands that the balancer got, and the exit
   * codes of the previous gateways.
   */
  restart(): Promise<{
    readonly printed: string;
    readonly told: readonly string[];
    readonly codes: readonly string[];
  }>;
  /** The number of requests that each gateway has answered, for each of its starts. */
  answered(): Promise<readonly (readonly number[])[]>;
  stop(): Promise<void>;
}

/**
 * Runs the commands of the recipe with other ports and with settings of the test.
 *
 * @param env the content of `.env`
 * @param policy the content of config/gateway.yaml
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
  // Or Valkey, as the recipe says.
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

/** A folder in which the recipe finds the project, with settings of the test. */
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
