import { loadDotEnv } from '../settings/dot-env.ts';
import { readEnvironment } from '../settings/env.ts';
import { loadSettings, type Loaded } from '../settings/load.ts';
import type { Problem } from '../settings/problem.ts';
import { warningsOf } from '../settings/settings.ts';
import type { Io } from './io.ts';

interface ReadSettings {
  /** The environment with the additions of `.env`. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether a variable comes from `.env`, not from the environment. */
  isFromDotEnv(name: string): boolean;
  /** Undefined if there is any problem. */
  readonly loaded: Loaded | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Reads all settings that a gateway started here would have, with their problems and warnings. */
export function readSettings({
  cwd,
  env: given,
  program,
}: Omit<Io, 'stdout' | 'stderr'>): ReadSettings {
  const { env, lines, problems: ofDotEnv, warnings } = loadDotEnv(cwd, given);
  const read = loadSettings(env, cwd, { program });
  const problems = [...ofDotEnv, ...('problems' in read ? read.problems : [])].map((problem) =>
    withLine(problem, lines),
  );
  const loaded = problems.length > 0 || 'problems' in read ? undefined : read;
  return {
    env,
    isFromDotEnv: (name) => lines.has(name),
    loaded,
    problems,
    warnings: [...warnings, ...(loaded === undefined ? [] : warningsOf(loaded.settings))],
  };
}

/**
 * Reads only where the store is, for a command about the store. Other settings may be missing or wrong: restoring a backup
 * needs no token.
 */
export function readStoreUrl({ cwd, env: given }: Pick<Io, 'cwd' | 'env'>): {
  readonly env: NodeJS.ProcessEnv;
  readonly storeUrl: string;
  readonly problems: readonly Problem[];
} {
  const { env, lines, problems: ofDotEnv } = loadDotEnv(cwd, given);
  const { environment, problems } = readEnvironment(env);
  const ofStore = problems.filter(({ setting }) => setting === 'STORE_URL');
  return {
    env,
    storeUrl: environment.settings.storeUrl,
    problems: [...ofDotEnv, ...ofStore].map((problem) => withLine(problem, lines)),
  };
}

/** Adds the line of `.env` to a problem of a variable that is set there. */
function withLine(problem: Problem, lines: ReadonlyMap<string, number>): Problem {
  const [name = ''] = /^[A-Z_]+/.exec(problem.setting) ?? [];
  const line = lines.get(name);
  return problem.file !== undefined || line === undefined
    ? problem
    : { ...problem, file: '.env', line };
}
