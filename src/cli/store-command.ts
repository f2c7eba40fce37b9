import { parseArgs } from 'node:util';
import type { FileWork } from '../stores/sqlite/backup.ts';
import { schemeOf, sqlitePath } from '../stores/open.ts';
import { StoreCommandError, StoreOpenError } from '../stores/stores.ts';
import { showProblems } from './check.ts';
import { EXIT_CONFIG, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Io } from './io.ts';
import { percent, withProgress } from './progress.ts';
import { readStoreUrl } from './read-settings.ts';
import type { Output } from './redact.ts';
import { orUndone } from './signals.ts';

interface Asked {
  readonly names: readonly string[];
  readonly forgetGap: boolean;
}

/**
 * The arguments of a command about stores, or its exit code if it is over: after its help, or after saying what is wrong.
 *
 * @param names of the arguments that it needs, as the help calls them
 */
export function readAsked(
  args: readonly string[],
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  {
    usage,
    names,
    options,
  }: { readonly usage: string; readonly names: string; readonly options: readonly 'forget-gap'[] },
): Asked | number {
  const refuse = (message: string) => {
    stderr.write(`${message}\n\n${usage}`);
    return EXIT_USAGE;
  };
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(options.map((name) => [name, { type: 'boolean' as const }])),
      },
      allowPositionals: true,
    });
  } catch {
    return refuse('There is no such option.');
  }
  const { positionals } = parsed;
  const values: Readonly<Record<string, boolean | undefined>> = parsed.values;
  if (values['help'] === true) {
    stdout.write(usage);
    return EXIT_OK;
  }
  if (positionals.length !== names.split(' ').length) return refuse(`Give ${names}.`);
  return { names: positionals, forgetGap: values['forget-gap'] === true };
}

/**
 * The path of the gateway's SQLite file. Throws a StoreCommandError for another kind of store.
 *
 * @param instead what to do with a Redis
 */
export function fileOfStore(storeUrl: string, instead: string): string {
  const { scheme, rest } = schemeOf(storeUrl);
  if (scheme === 'sqlite') return sqlitePath(rest);
  throw scheme === 'memory'
    ? new StoreCommandError(
        'STORE_URL is memory: and ends with the gateway',
        'Use a store in a file, such as sqlite:data/gateway.db',
      )
    : new StoreCommandError('STORE_URL is a Redis, and this is for SQLite', instead);
}

/** Shows problems of STORE_URL. Undefined if there are any. */
export function storeUrlOf(io: Io, stderr: Output): string | undefined {
  const { storeUrl, problems } = readStoreUrl(io);
  if (problems.length === 0) return storeUrl;
  stderr.write(showProblems(problems, []));
  return undefined;
}

/** The exit code of `work`. Errors that an operator can act on are one line. */
export async function exitCodeOf(stderr: Output, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as Error;
    stderr.write(`${message}\n`);
    const isForOperator = error instanceof StoreOpenError || error instanceof StoreCommandError;
    return isForOperator ? EXIT_CONFIG : EXIT_FAILED;
  }
}

/** Such as `1 list` or `20,000 lists`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

export function contentsInWords(contents: {
  readonly lists: number;
  readonly charges: number;
  readonly accounts: number;
}): string {
  return [
    counted(contents.lists, 'saved list'),
    counted(contents.charges, 'charge'),
    counted(contents.accounts, 'account'),
  ].join(', ');
}

/**
 * Works on files, with progress on a terminal. A signal ends it, and nothing of it is left.
 *
 * @param line what is being done
 * @param interrupted what is so after a signal, in one sentence
 */
export function workOnFiles<Result>(
  start: () => FileWork<Result>,
  {
    io,
    line,
    interrupted,
  }: { readonly io: Io; readonly line: string; readonly interrupted: string },
): Promise<Result> {
  let fraction = () => 0;
  const done = orUndone(
    () => {
      const work = start();
      fraction = work.progress;
      return work;
    },
    (work) => {
      work.abandon();
      io.stderr.write(`Interrupted. ${interrupted}\n`);
    },
  );
  return withProgress(io.stderr, () => `${line}: ${percent(fraction())}`, done);
}
