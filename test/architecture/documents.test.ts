/** Checks the names, codes and paths in the documents against the project. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { REFUSALS } from '../../src/errors.ts';
import { VARIABLE_NAMES } from '../../src/settings/env.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** Markdown without fenced code, in which nothing is a heading or a link. */
const prose = (path: string) => text(path).replace(/^( *)(`{3,}|~{3,})[^]*?^\1\2\s*$/gm, '');

const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', 'data', 'coverage']);

function markdownUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : markdownUnder(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The text under a heading, up to the next one of its level or above. */
function section(path: string, heading: string): string {
  const [, hashes = ''] = /^(#+) /.exec(heading) ?? [];
  const [, after = ''] = `\n${prose(path)}`.split(`\n${heading}\n`);
  return after.split(new RegExp(`^#{1,${hashes.length}} `, 'm'))[0] ?? '';
}

const sortedCodes = Object.keys(REFUSALS).sort();
const codeSections = (path: string) =>
  [...prose(path).matchAll(/^## `(.+)`$/gm)].map(([, code]) => code);

/** The hour and minute of an instant in China, such as `19:45`. */
const inChina = (instant: unknown) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'short' }).format(
    Date.parse(String(instant)),
  );

describe.each(['docs/errors.md', 'docs/errors.zh-CN.md'])('%s', (path) => {
  test('has exactly one section for each refusal', () => {
    expect(codeSections(path).sort()).toEqual(sortedCodes);
  });

  test('shows for each refusal a body with the right status and texts', () => {
    const bodies = [...text(path).matchAll(/^```json\n([^]*?)^```$/gm)].map(
      ([, body = '']) => JSON.parse(body) as Record<string, unknown>,
    );
    expect(bodies.map(({ code }) => code).sort()).toEqual(sortedCodes);
    for (const { code, ret, status, title, msg, retryAt } of bodies) {
      const kind = REFUSALS[code as keyof typeof REFUSALS];
      const named = retryAt === undefined ? kind.msg : expect.stringContaining(inChina(retryAt));
      expect({ ret, status, title, msg }).toEqual({ ret: kind.status, ...kind, msg: named });
    }
  });
});

test.each([
  ['README.md', '## Settings'],
  ['README.zh-CN.md', '## 设置'],
])('%s lists exactly the variables that the gateway reads', (path, heading) => {
  const cells = [...section(path, heading).matchAll(/^\|([^|]*)\|/gm)].map(([, cell]) => cell);
  const names = cells.flatMap((cell = '') =>
    [...cell.matchAll(/`([A-Z][A-Z_]*)`/g)].map(([, name]) => name),
  );
  expect(names.sort()).toEqual([...VARIABLE_NAMES].sort());
});

test('both READMEs have the commands for newcomers', () => {
  for (const path of ['README.md', 'README.zh-CN.md']) {
    expect(text(path)).toMatch(/^npm ci && npm run demo$/m);
    expect(text(path)).toMatch(/^npm ci && npm test$/m);
  }
});

test('every script that a document runs with npm is in package.json', () => {
  const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
  const missing = markdownUnder('.').flatMap((path) =>
    [...text(path).matchAll(/\bnpm run (?:--silent )?([a-z][a-z:-]*)/g)]
      .map(([, script = '']) => script)
      .filter((script) => !(script in scripts))
      .map((script) => `${path}: ${script}`),
  );
  expect(missing).toEqual([]);
});

describe('ARCHITECTURE.md', () => {
  const page = text('ARCHITECTURE.md');

  test('describes every folder under src', () => {
    const folders = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
    const unnamed = folders.filter((folder) => !page.includes(`\`${folder}\``));
    expect(unnamed).toEqual([]);
  });

  test('names only paths that exist', () => {
    const paths = [...page.matchAll(/`((?:src|test|docs|config|examples)(?:\/[\w./-]+)?)`/g)].map(
      ([, path = '']) => path,
    );
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

test('SECURITY.md names only test files that exist', () => {
  const rows = [...text('SECURITY.md').matchAll(/^\|.*\|.*\|(.*)\|$/gm)].map(
    ([, tests = '']) => tests,
  );
  const named = rows.flatMap((tests) => [...tests.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
  const files = ['flow', 'system', 'abuse'].flatMap((folder) =>
    readdirSync(join(root, 'test', folder)),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !files.includes(`${name}.test.ts`))).toEqual([]);
});

/** As GitHub makes anchors: lower case, punctuation out, spaces to hyphens. */
function anchorsOf(path: string): Set<string> {
  return new Set(
    [...prose(path).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('links', () => {
  test.each(markdownUnder('.'))('in %s lead to existing files and headings', (path) => {
    const targets = [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
    const broken = targets.filter((target) => {
      const [file = '', anchor] = target.split('#', 2);
      const full = file === '' ? join(root, path) : resolve(root, dirname(path), file);
      if (!existsSync(full)) return true;
      if (anchor === undefined || !statSync(full).isFile() || !full.endsWith('.md')) return false;
      return !anchorsOf(relative(root, full)).has(decodeURIComponent(anchor));
    });
    expect(broken).toEqual([]);
  });
});

describe('decision records', () => {
  const folder = 'docs/decisions';
  const records = readdirSync(join(root, folder)).filter((name) => name !== 'README.md');

  test.each(records)('%s has its number and the four headings, in order', (name) => {
    expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    expect(text(join(folder, name))).toMatch(new RegExp(`^# ${Number(name.slice(0, 4))}\\. \\S`));
    const headings = [...prose(join(folder, name)).matchAll(/^## (.+)$/gm)].map(([, one]) => one);
    expect(headings).toEqual(['Background', 'Decision', 'Consequences', 'Rejected']);
  });

  test('are numbered without a gap and all listed in the index', () => {
    const numbers = records.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const index = text(join(folder, 'README.md'));
    expect(records.filter((name) => !index.includes(`](${name})`))).toEqual([]);
  });
});

test.each(['README.md', 'README.zh-CN.md'])(
  '%s gives the service the same memory settings as the image, with the flags of npm start',
  (path) => {
    const settings = (line: string) => new Set(line.match(/MALLOC_\w+=\d+|--max-\S+?=\d+/g));
    const { scripts } = JSON.parse(text('package.json')) as { scripts: { start: string } };
    expect(settings(text(path))).toEqual(settings(text('deploy/Dockerfile')));
    expect(settings(text(path))).toEqual(
      new Set([...settings(scripts.start), 'MALLOC_ARENA_MAX=2', 'MALLOC_MMAP_THRESHOLD_=65536']),
    );
  },
);
