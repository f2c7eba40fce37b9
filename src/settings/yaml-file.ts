import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { showName, type Problem } from './problem.ts';

/** Gives the line of a path in a file; if the path is missing, the line of what should contain it. */
export type LineOf = (path: readonly PropertyKey[]) => number;

/**
 * Reads YAML by a schema, with every problem of the text or else every one of its content. Values are never
 * repeated: a clients file may contain a key where its hash should be. An empty text is an empty map.
 *
 * @param file as people know it, `config/gateway.yaml`
 * @param example the file of the package that shows how it is written
 */
export function readYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  { file, example }: { readonly file: string; readonly example: string },
):
  | { readonly data: z.output<Schema>; readonly lineOf: LineOf }
  | { readonly problems: readonly Problem[] } {
  const yaml = parseYaml(text, file);
  if ('problems' in yaml) return yaml;
  const parsed = schema.safeParse(yaml.data, { reportInput: true });
  if (parsed.success) return { data: parsed.data, lineOf: yaml.lineOf };
  return { problems: problemsIn(parsed.error.issues, yaml.lineOf, file, example) };
}

/**
 * The library's own messages can repeat a piece of the file, which may be a key in the wrong place. So each kind of
 * mistake has a message here, by its code.
 */
const MISTAKES: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit',
  MISSING_CHAR: 'a quote, bracket, colon or comma is missing',
  MULTIPLE_DOCS: 'the file must contain only one document',
  TAB_AS_INDENT: 'tabs are not allowed as indentation',
};

function describe(code: string, text: string, offset: number): string {
  if (code === 'DUPLICATE_KEY') {
    const key = /^["']?([\w.:@-]+?)["']?\s*:/.exec(text.slice(offset))?.[1];
    return `duplicate key${key === undefined ? '' : ` ${showName(key)}`}`;
  }
  return MISTAKES[code] ?? `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}

/** YAML 1.2 as plain data, strictly: duplicate keys, keys that are not strings and unknown tags are problems. */
function parseYaml(
  text: string,
  file: string,
): { readonly data: unknown; readonly lineOf: LineOf } | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const problems: Problem[] = [];
  const report = (offset: number, said: string) => {
    const { line, col } = lines.linePos(offset);
    const problem = `${said} (column ${col})`;
    problems.push({ setting: file, problem, remedy: 'Correct it there.', file, line });
  };

  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    report(pos[0], describe(code, text, pos[0]));
  }
  visit(document, {
    Pair(_, pair) {
      // `007:` would become "7", and `1e3:` "1000": not the account or client that was meant.
      const key = isScalar(pair.key) ? pair.key : undefined;
      const offset = key?.range?.[0] ?? 0;
      if (typeof key?.value !== 'string') {
        report(offset, 'a key is read as something other than text; put quotes around it');
      } else if (key.value === '__proto__') {
        // Later steps would drop it silently.
        report(offset, '__proto__ cannot be used as a key');
      }
    },
  });
  if (problems.length > 0) return { problems };

  try {
    const data = (document.toJS() as unknown) ?? {};
    // An empty text has no line to count from.
    return { data, lineOf: (path) => Math.max(1, lines.linePos(offsetOf(document, path)).line) };
  } catch {
    // An alias without its anchor, or more aliases than anyone writes by hand.
    report(0, 'an alias (*name) cannot be resolved; put quotes around a text that starts with *');
    return { problems };
  }
}

/** The offset of a path in the text, or of the last part of it that is there. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (!isScalar(pair?.key)) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      const item = node.items[part];
      if (item === undefined) break;
      offset = (item as { range?: readonly number[] }).range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}

function problemsIn(
  issues: readonly z.core.$ZodIssue[],
  lineOf: LineOf,
  file: string,
  example: string,
): Problem[] {
  // One problem per place and sentence: zod repeats some.
  const found = new Map<string, Problem>();
  const add = (path: readonly PropertyKey[], said: string, remedy: string) => {
    const place = showPath(path);
    const setting = place === '' ? file : place;
    const problem = place === '' ? `the file ${said}` : said;
    const line = lineOf(path);
    found.set(`${line} ${setting} ${problem}`, { setting, problem, remedy, file, line });
  };
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const remedy = `Correct its spelling or its indentation, or remove it; ${example} shows every setting.`;
      for (const key of issue.keys) add([...issue.path, key], 'is not a known setting', remedy);
    } else {
      add(issue.path, sentence(issue), `Correct it; ${example} shows how it is written.`);
    }
  }
  return [...found.values()];
}

/** A path as text: `['add', 'perDay', 1, 'limit']` is `add.perDay[1].limit`. */
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

function sentence(issue: z.core.$ZodIssue): string {
  const found = issue.input;
  // A schema's own message says more than a general one of zod.
  const isGeneral = issue.message.startsWith('Invalid ');
  switch (issue.code) {
    case 'invalid_type': {
      const expected = EXPECTED[issue.expected] ?? 'a number';
      const rule = isGeneral ? `must be ${expected}` : issue.message;
      const isUnquoted = isGeneral && ['number', 'boolean'].includes(typeof found);
      const hint = isUnquoted && expected === 'a text' ? ': put quotes around it' : '';
      return andFound(rule, expected, found) + hint;
    }
    case 'invalid_value': {
      const rule = isGeneral ? `must be one of ${issue.values.join(', ')}` : issue.message;
      return andFound(rule, 'a text', found);
    }
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    default:
      return issue.message;
  }
}

/** A rule and, if the value is of another kind than expected, its kind. */
function andFound(rule: string, expected: string, found: unknown): string {
  if (found === undefined) return `is missing; it ${rule}`;
  const kind = kindOf(found);
  return kind === expected ? rule : `${rule}; it is ${kind}`;
}

/** The kind of a value. The value itself may be a secret. */
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
