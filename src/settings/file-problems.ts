import type { z } from 'zod';
import { showName, type Problem } from './problem.ts';
import type { YamlText } from './yaml-file.ts';

/** Where in a file: `['add', 'perDay', 1, 'limit']` as `add.perDay[1].limit`. */
function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${showName(String(part))}`))
    .join('')
    .replace(/^\./, '');
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'a map of settings',
  record: 'a map of entries by name',
  array: 'a list',
  string: 'a text',
};

/** What stands there, by its kind: the value itself may be a secret. */
function kindOf(found: unknown): string {
  if (found === null) return 'empty';
  if (Array.isArray(found)) return 'a list';
  switch (typeof found) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return String(found);
    default:
      return 'a map';
  }
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    data,
  );
}

/** A rule with what was found instead, where that is of another kind. */
function andFound(rule: string, expected: string, found: unknown): string {
  if (found === undefined) return `is missing; it ${rule}`;
  const kind = kindOf(found);
  if (kind === expected) return rule;
  return `${rule}; it is ${kind}`;
}

function sentence(issue: z.core.$ZodIssue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const expected = EXPECTED[issue.expected] ?? 'a number';
      // A schema's own message says more.
      const isGeneral = issue.message.startsWith('Invalid input');
      const rule = isGeneral ? `must be ${expected}` : issue.message;
      const isUnquoted = isGeneral && ['number', 'boolean'].includes(typeof found);
      const hint = isUnquoted && expected === 'a text' ? ': put quotes around it' : '';
      return andFound(rule, expected, found) + hint;
    }
    case 'invalid_value': {
      const isGeneral = issue.message.startsWith('Invalid ');
      const rule = isGeneral ? `must be one of ${issue.values.join(', ')}` : issue.message;
      return andFound(rule, 'a text', found);
    }
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

/**
 * What zod found in a file, one problem per place. Received values are never repeated: a clients file may hold a
 * key where its hash should be.
 *
 * @param file as people know it, `config/gateway.yaml`
 * @param example the file of the package that shows how it is done
 */
export function problemsIn(
  file: string,
  yaml: YamlText,
  error: z.ZodError,
  example: string,
): Problem[] {
  const found = new Map<string, Problem>();
  const add = (path: readonly PropertyKey[], said: string, remedy: string) => {
    const place = showPath(path);
    const setting = place === '' ? file : place;
    const problem = place === '' ? `the file ${said}` : said;
    const line = yaml.lineOf(path);
    found.set(`${line} ${setting} ${problem}`, { setting, problem, remedy, file, line });
  };
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') {
      const remedy = `Correct its spelling or its indentation, or remove it; ${example} shows every setting.`;
      for (const key of issue.keys) add([...issue.path, key], 'is not a known setting', remedy);
      continue;
    }
    const said = sentence(issue, valueAt(yaml.data, issue.path));
    add(issue.path, said, `Correct it; ${example} shows how it is written.`);
  }
  return [...found.values()];
}
