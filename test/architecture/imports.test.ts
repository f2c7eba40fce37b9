/** The rules of the code that the files show: which parts may import which, and what is confined to one place. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Import {
  /** The imported names as written; empty for `import 'x'`. */
  readonly clause: string;
  /** A package, or for a relative import the file, such as `src/time.ts`. */
  readonly target: string;
}

interface SourceFile {
  /** Such as `src/gewe/token.ts`. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const STATEMENT = /^(?:import|export)\s+([^'";]*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const code = text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const resolved = (target: string) =>
    target.startsWith('.') ? posix.join(dirname(path), target) : target;
  const imports = [
    ...[...code.matchAll(STATEMENT)].map(([, clause = '', from, bare]) => ({
      clause,
      target: resolved(from ?? bare ?? ''),
    })),
    ...[...code.matchAll(DYNAMIC)].map(([, target = '']) => ({
      clause: '*',
      target: resolved(target),
    })),
  ];
  return { path, code, imports };
}

const files: readonly SourceFile[] = readdirSync(join(root, 'src'), {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile() && /\.c?[jt]s$/.test(entry.name))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort()
  .map(read);

/** The folder of a file under src (`gewe`), or the file itself if it is directly in src (`time.ts`). */
function unitOf(path: string): string {
  return path.split('/')[1] ?? path;
}

/** Files that are independent of the gateway's work; every folder may use them. */
const COMMON = [
  'china-time.ts',
  'coalesce.ts',
  'errors.ts',
  'html.ts',
  'leases.ts',
  'near-name.ts',
  'listen-error.ts',
  'pending.ts',
  'time.ts',
  'version.ts',
];

/** Which unit may import which, beside itself and the common files. ARCHITECTURE.md draws the same. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'coalesce.ts': ['leases.ts', 'time.ts'],
  gewe: [],
  listener: [],
  simulator: [],
  history: [],
  'add-contacts': ['gewe', 'history'],
  settings: ['gewe'],
  auth: ['gewe', 'http', 'settings'],
  'contacts-list': ['gewe', 'history', 'settings'],
  stores: ['add-contacts', 'auth', 'contacts-list', 'history', 'steps'],
  docs: ['add-contacts', 'auth', 'gewe', 'http'],
  http: ['add-contacts', 'auth', 'gewe', 'settings'],
  steps: ['add-contacts', 'auth', 'contacts-list', 'gewe', 'history', 'http', 'settings'],
  ops: [
    'add-contacts',
    'auth',
    'contacts-list',
    'docs',
    'gewe',
    'history',
    'http',
    'settings',
    'steps',
  ],
  'shut-down.ts': [],
  'app.ts': ['docs', 'http', 'ops', 'steps'],
  'open-secrets.ts': ['gewe', 'ops', 'settings'],
  'gateway.ts': [
    'add-contacts',
    'app.ts',
    'auth',
    'contacts-list',
    'gewe',
    'history',
    'http',
    'listener',
    'ops',
    'steps',
    'open-secrets.ts',
    'settings',
    'shut-down.ts',
    'stores',
  ],
  demo: ['gateway.ts', 'settings', 'simulator'],
  cli: ['auth', 'demo', 'gateway.ts', 'gewe', 'settings', 'simulator', 'stores'],
  'main.ts': ['cli', 'require-node.cjs'],
  'require-node.cjs': ['compile-cache.cjs'],
  'compile-cache.cjs': [],
};

function filesWith(pattern: RegExp): string[] {
  return files.filter(({ code }) => pattern.test(code)).map(({ path }) => path);
}

function filesImporting(target: string): string[] {
  return files
    .filter(({ imports }) => imports.some((one) => one.target === target))
    .map(({ path }) => path);
}

describe('imports under src', () => {
  test('go only in the allowed direction', () => {
    const wrong = files.flatMap(({ path, imports }) => {
      const unit = unitOf(path);
      const common = COMMON.includes(unit) ? [] : [unit, ...COMMON];
      const allowed = new Set([...common, ...(MAY_IMPORT[unit] ?? [])]);
      return imports
        .filter(({ target }) => target.startsWith('src/') && !allowed.has(unitOf(target)))
        .map(({ target }) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('stay under src and name the file with its extension', () => {
    const known = new Set(files.map(({ path }) => path));
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .map(({ target }) => target)
        .filter((target) => /^(?:\.|src\/|test\/)/.test(target) && !known.has(target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('form no cycle', () => {
    const targets = new Map(
      files.map(({ path, imports }) => [path, imports.map(({ target }) => target)]),
    );
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
        return;
      }
      if (done.has(path)) return;
      for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
      done.add(path);
    };
    for (const { path } of files) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

test('no two files differ only in their extension: the build would write one over the other', () => {
  const names = files.map(({ path }) => path.replace(/\.[cm]?[jt]s$/, ''));
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

test("steps do not import each other; they share what they find through the request's scope", () => {
  const isStep = (path: string) => path.startsWith('src/steps/');
  const wrong = files
    .filter(({ path }) => isStep(path))
    .flatMap(({ path, imports }) => imports.map(({ target }) => `${path} imports ${target}`))
    .filter((line) => isStep(line.split(' imports ')[1] ?? ''));
  expect(wrong).toEqual([]);
});

describe('confined to one place', () => {
  test('process.env is read in src/settings/env.ts', () => {
    expect(
      filesWith(/\bprocess\s*\.\s*env\b|\bprocess\s*\[\s*'env'|\{[^}]*\benv\b[^}]*\} = process\b/),
    ).toEqual(['src/settings/env.ts']);
  });

  test('Date.now is read in src/time.ts', () => {
    expect(filesWith(/\bDate\s*\.\s*now\b/)).toEqual(['src/time.ts']);
  });

  test('new Date() always has an argument', () => {
    expect(filesWith(/\bnew Date\(\s*\)/)).toEqual([]);
  });

  test('http-proxy-middleware is used in src/steps/forward.ts', () => {
    expect(filesImporting('http-proxy-middleware')).toEqual(['src/steps/forward.ts']);
  });

  test('undici is imported only in src/gewe and for identity providers, and its clients are created in one file of each', () => {
    const providers = 'src/auth/issuers/fetch-json.ts';
    expect(filesImporting('undici')).toEqual([
      providers,
      'src/gewe/client.ts',
      'src/gewe/exchange.ts',
    ]);
    expect(filesWith(/\bnew (?:Pool|Client|Agent)\(/)).toEqual([providers, 'src/gewe/client.ts']);
  });

  test('jose is imported only under src/auth', () => {
    const outside = filesImporting('jose').filter((path) => !path.startsWith('src/auth/'));
    expect(outside).toEqual([]);
  });

  test('express-rate-limit is used in src/steps/limit-client.ts', () => {
    expect(filesImporting('express-rate-limit')).toEqual(['src/steps/limit-client.ts']);
  });

  test('helmet is used in src/steps/security-headers.ts', () => {
    expect(filesImporting('helmet')).toEqual(['src/steps/security-headers.ts']);
  });

  test('pino-pretty is used in src/ops/log-format.ts', () => {
    expect(filesImporting('pino-pretty')).toEqual(['src/ops/log-format.ts']);
  });

  test('app.use is in src/app.ts and src/ops/ops-app.ts only', () => {
    expect(filesWith(/\b(?:app|router)\s*\.\s*use\(/)).toEqual([
      'src/app.ts',
      'src/ops/ops-app.ts',
    ]);
  });

  test('node:sqlite is used under src/stores/sqlite', () => {
    const outside = filesImporting('node:sqlite').filter(
      (path) => !path.startsWith('src/stores/sqlite/'),
    );
    expect(outside).toEqual([]);
  });

  test('ioredis is imported only under src/stores/redis, and new Redis is called only in connection.ts', () => {
    const using = files.filter(({ imports }) => imports.some(({ target }) => target === 'ioredis'));
    expect(using.every(({ path }) => path.startsWith('src/stores/redis/'))).toBe(true);
    expect(filesWith(/\bnew Redis\(/)).toEqual(['src/stores/redis/connection.ts']);
  });
});

/** Names of functions that create a part: something that is created once and then kept. */
const MAKER = /^(?:create|open|watch)[A-Z]|^(?:keepInMemory|keepCopies|orUnavailable)$/;

test('parts of another folder are created only by the composition root and the commands', () => {
  const isRoot = (unit: string) => ['gateway.ts', 'open-secrets.ts', 'cli', 'demo'].includes(unit);
  const made = files
    .filter(({ path }) => !isRoot(unitOf(path)))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target.startsWith('src/') && unitOf(target) !== unitOf(path))
        .filter(({ clause }) => !clause.startsWith('type '))
        .flatMap(({ clause }) => clause.replace(/[{}]/g, '').split(','))
        .map((name) => name.trim().split(' as ')[0] ?? '')
        .filter((name) => MAKER.test(name))
        .map((name) => `${path}: ${name}`),
    );
  expect(made).toEqual([]);
});
