/** Measures all rows, or those named, and prints them as a Markdown table: see README.md. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { machine } from './report/machine.ts';
import type { Row } from './report/row.ts';
import { line, table } from './report/table.ts';
import { addedLatency } from './rows/added-latency.ts';
import { type Bench, say } from './rows/bench.ts';
import { hangingUpstream } from './rows/hanging-upstream.ts';
import { memory } from './rows/memory.ts';
import { oneCall } from './rows/one-call.ts';
import { gatewayStart } from './rows/start.ts';
import { throughput } from './rows/throughput.ts';
import { missing, moveTo } from './setup/processes.ts';

const benches = [throughput, addedLatency, gatewayStart, hangingUpstream, oneCall, memory];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    accounts: { type: 'string', default: '20000' },
    before: { type: 'string' },
  },
});
const options = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  accounts: Number(values.accounts),
  before: values.before === undefined ? undefined : resolve(values.before),
};
const wanted = wantedRows();
prepare();
const rows: Row[] = [];
for (const bench of benches) {
  if (bench.names.some((name) => wanted.has(name))) rows.push(...(await measure(bench)));
}
console.log(await format(`${table(rows)}\n\n${machine()}.`, { parser: 'markdown' }));

/** A name selects the row of that name and all rows whose names begin with it. */
function wantedRows(): ReadonlySet<string> {
  const all = benches.flatMap(({ names }) => names);
  if (positionals.length === 0) return new Set(all);
  const chosen = positionals.map((wish) => ({
    wish,
    names: all.filter((name) => name === wish || name.startsWith(`${wish}-`)),
  }));
  const unknown = chosen.filter(({ names }) => names.length === 0).map(({ wish }) => wish);
  if (unknown.length > 0) {
    say(`There is no row ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
    process.exit(64);
  }
  return new Set(chosen.flatMap(({ names }) => names));
}

/** Builds the gateway, and installs the peers if they are missing. */
function prepare(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const npm = (...args: readonly string[]) => {
    const { status } = spawnSync('npm', args, {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`npm ${args.join(' ')} failed`);
  };
  npm('run', 'build');
  if (!existsSync(new URL('node_modules/fastify', import.meta.url))) npm('ci', '--prefix', 'bench');
}

async function measure(bench: Bench): Promise<readonly Row[]> {
  const names = bench.names.filter((name) => wanted.has(name));
  const lacking = missing(bench.needs);
  if (lacking.length > 0) {
    say(`Left out, because ${lacking.join(' and ')} cannot be found: ${names.join(', ')}.`);
    return [];
  }
  moveTo(bench.onTwoCores ? 'load' : 'all');
  const measured = await bench.measure(wanted, options);
  for (const row of measured) say(line(row));
  return measured;
}
