import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { editDistance } from '../near-name.ts';
import { VARIABLE_NAMES } from './env.ts';
import type { Problem } from './problem.ts';
import { readTextFileSync } from './text-file.ts';

/** A variable as `.env` writes it. */
interface Line {
  readonly line: number;
  /** Undefined if the line sets nothing. */
  readonly name?: string;
  /** Whether the value has no quotes and contains a #, which begins a comment. */
  readonly cutAtHash?: boolean;
}

export interface DotEnv {
  /** The environment with the additions of `.env`. */
  readonly env: NodeJS.ProcessEnv;
  readonly problems: readonly Problem[];
  /** One sentence each, without any value. */
  readonly warnings: readonly string[];
  /** The line of `.env` that sets each variable that `env` takes from it. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Adds the `.env` in `cwd` to the environment, by the rules of `process.loadEnvFile`: a variable that is already set
 * wins. Returns a copy and changes nothing.
 */
export function loadDotEnv(cwd: string, env: NodeJS.ProcessEnv): DotEnv {
  const look = readTextFileSync(join(cwd, '.env'));
  const nothing = { env, problems: [], warnings: [], lines: new Map<string, number>() };
  if (look.kind === 'missing') return nothing;
  if (look.kind === 'unreadable') {
    const problem = `cannot be used: ${look.why}`;
    const remedy = 'Make it a readable file of NAME=value lines, or remove it.';
    return { ...nothing, problems: [{ setting: '.env', problem, remedy }] };
  }
  const written = linesOf(look.text);
  const lines = new Map<string, number>();
  for (const { name, line } of written) {
    if (name !== undefined && env[name] === undefined) lines.set(name, line);
  }
  return {
    env: { ...parseEnv(look.text), ...env },
    problems: [],
    warnings: written.flatMap(warningOf),
    lines,
  };
}

/** The lines of a `.env` except empty ones and comments, split like `parseEnv`, which does not report line numbers. */
function linesOf(text: string): Line[] {
  const found: Line[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    const written = (lines[index] ?? '').trim();
    if (written === '' || written.startsWith('#')) continue;
    const [, name, value = ''] = /^(?:export\s+)?([^=]*?)\s*=\s*(.*)$/.exec(written) ?? [];
    if (name === undefined || name === '') {
      found.push({ line });
      continue;
    }
    const quote = /^["'`]/.exec(value)?.[0];
    const isOpen = quote !== undefined && !value.slice(1).includes(quote);
    const rest = isOpen ? lines.slice(line) : [];
    const closing = rest.findIndex((one) => quote !== undefined && one.includes(quote));
    // A value in quotes may have several lines. If the closing quote is missing, it has one.
    index += closing + 1;
    found.push({ line, name, cutAtHash: quote === undefined && /[^\s#]#/.test(value) });
  }
  return found;
}

function warningOf({ line, name, cutAtHash }: Line): string[] {
  if (name === undefined) return [`.env line ${line} is not NAME=value, and is ignored.`];
  if (VARIABLE_NAMES.some((known) => known === name)) {
    return cutAtHash === true
      ? [
          `.env line ${line}: the value of ${name} ends before the #, which begins a comment. Put quotes around the value if the # belongs to it.`,
        ]
      : [];
  }
  const meant = meantBy(name);
  if (meant === undefined) return [];
  const what = isHarmless(name) ? `the gateway does not read ${name}` : 'an unknown variable';
  return [`.env line ${line}: ${what}. Did you mean ${meant}?`];
}

const WORDS: ReadonlySet<string> = new Set(VARIABLE_NAMES.flatMap((known) => known.split('_')));

/**
 * Whether a name can be repeated. Text before a misplaced `=` may be a secret (`OPS_TOKEN c2VjcmV0==`), so each of its
 * words has to be a word of a known variable, or one letter away from one.
 */
function isHarmless(name: string): boolean {
  const isOurs = (word: string) => [...WORDS].some((known) => editDistance(word, known) <= 1);
  return name.length <= 40 && name.toUpperCase().split('_').every(isOurs);
}

/** The variable whose name was probably meant; undefined for names of other programs. */
export function meantBy(name: string): string | undefined {
  if (name.length > 64) return undefined;
  const written = name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  const [first] = written.split('_');
  return VARIABLE_NAMES.map((known) => ({
    known,
    distance: editDistance(written, known),
    isOtherFamily: known.split('_')[0] !== first,
  }))
    .filter(({ known, distance }) => isSlip(known, distance) || isOtherWord(written, known))
    .sort((a, b) => Number(a.isOtherFamily) - Number(b.isOtherFamily) || a.distance - b.distance)[0]
    ?.known;
}

/** Short names are close to many others: PORT to SORT, OPS_PORT to APP_PORT. */
function isSlip(known: string, distance: number): boolean {
  return distance <= (known.length < 5 ? 0 : known.length < 10 ? 1 : 2);
}

/** `LIST_DEADLINE`, `GEWE_TOKEN_PATH`: one word is missing, extra or wrong, and at least two are right. */
function isOtherWord(written: string, known: string): boolean {
  const [one, other] = [written.split('_'), known.split('_')];
  const shared = one.filter((word) => other.includes(word)).length;
  return shared >= 2 && Math.max(one.length, other.length) - shared <= 1;
}
