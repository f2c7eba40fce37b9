import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import type { Problem } from './problem.ts';
import { showName } from './problem.ts';

/** What a file says, and where in it. */
export interface YamlText {
  readonly data: unknown;
  /** The line of what is at this path; where that is missing, the line of what should hold it. */
  lineOf(path: readonly PropertyKey[]): number;
}

/**
 * The library's own messages can repeat a piece of the file, which may be a key that should not be there. So
 * each kind of mistake is told in our words, by its code.
 */
const MISTAKES: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit',
  MISSING_CHAR: 'a quote, bracket, colon or comma is missing',
  MULTIPLE_DOCS: 'only one document may stand in the file',
  TAB_AS_INDENT: 'tabs are not allowed as indentation',
};

function describe(code: string, text: string, offset: number): string {
  if (code === 'DUPLICATE_KEY') {
    const key = /^["']?([\w.:@-]+?)["']?\s*:/.exec(text.slice(offset))?.[1];
    return `the key ${key === undefined ? '' : `${showName(key)} `}stands twice`;
  }
  return MISTAKES[code] ?? `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}

/**
 * YAML 1.2 as plain data, strictly: keys that stand twice, keys that are not strings and unknown tags are problems.
 * An empty file is `undefined`.
 *
 * @param file as people know it, for the problems
 */
export function parseYaml(
  text: string,
  file: string,
): YamlText | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const problems: Problem[] = [];
  const report = (offset: number, problem: string) => {
    const { line, col } = lines.linePos(offset);
    problems.push({
      setting: file,
      problem: `${problem} (column ${col})`,
      remedy: 'Correct it there.',
      file,
      line,
    });
  };

  for (const mistake of [...document.errors, ...document.warnings]) {
    report(mistake.pos[0], describe(mistake.code, text, mistake.pos[0]));
  }
  visit(document, {
    Pair(_, pair) {
      // `007:` would become "7", and `1e3:` "1000": another account or client than the one that was meant.
      const key = isScalar(pair.key) ? pair.key : undefined;
      const offset = key?.range?.[0] ?? 0;
      if (typeof key?.value !== 'string') {
        report(offset, 'a key is read as something other than text; put quotes around it');
      } else if (key.value === '__proto__') {
        // It would be dropped in silence further on.
        report(offset, '__proto__ cannot be used as a key');
      }
    },
  });
  if (problems.length > 0) return { problems };

  try {
    const data = (document.toJS() as unknown) ?? undefined;
    // An empty text has no line to count from.
    return { data, lineOf: (path) => Math.max(1, lines.linePos(offsetOf(document, path)).line) };
  } catch {
    // An alias without its anchor, or more aliases than anyone writes by hand.
    report(0, 'an alias (*name) cannot be resolved; quote a text that starts with *');
    return { problems };
  }
}

/** Where in the text a path leads, as far as it is there. */
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
