/** Limits the length of functions under src. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

/**
 * Lines of code in a function, without those of nested functions. A function on one line counts as part of the outer
 * one.
 */
const MAX_OWN_LINES = 50;

/** Lines of code in a function, nested functions included. */
const MAX_ALL_LINES = 150;

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Measured {
  /** Such as `src/time.ts within`. */
  readonly name: string;
  readonly ownLines: number;
  readonly allLines: number;
}

/** Every function of a file. Lines that hold nothing but a comment or white space do not count. */
function measure(path: string, text: string): Measured[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const codeLines = linesWithCode(source);
  const measured: Measured[] = [];

  /** Adds the functions under `node`, and returns the code lines of the outermost ones that have several lines. */
  const visit = (node: ts.Node): Set<number> => {
    const nested = new Set<number>();
    ts.forEachChild(node, (child) => {
      for (const line of visit(child)) nested.add(line);
    });
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return nested;
    const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    const all = new Set<number>();
    for (let line = first; line <= last; line++) if (codeLines.has(line)) all.add(line);
    const own = [...all].filter((line) => !nested.has(line));
    const name = `${path} ${nameOf(node) ?? `(line ${first + 1})`}`;
    measured.push({ name, ownLines: own.length, allLines: all.size });
    return first === last ? nested : all;
  };
  visit(source);
  return measured;
}

function linesWithCode(source: ts.SourceFile): ReadonlySet<number> {
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) return children.forEach(visit);
    // A token. Only template literals reach over several lines.
    const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
    if (node.getEnd() > node.getStart(source)) for (let at = first; at <= last; at++) lines.add(at);
  };
  visit(source);
  return lines;
}

function nameOf(node: ts.SignatureDeclaration): string | undefined {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  const isNamed = ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent);
  return isNamed ? parent.name.getText() : undefined;
}

const functions = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort()
  .flatMap((path) => measure(path, readFileSync(join(root, path), 'utf8')));

test('the length of a function excludes nested functions, comments and blank lines', () => {
  const text = `
function outer() {
  // A comment.
  const inner = () => {
    return 1;
  };

  return [1, 2].map((one) => one + inner());
}
`;
  expect(measure('a.ts', text)).toEqual([
    { name: 'a.ts inner', ownLines: 3, allLines: 3 },
    { name: 'a.ts (line 8)', ownLines: 1, allLines: 1 },
    { name: 'a.ts outer', ownLines: 3, allLines: 6 },
  ]);
});

test(`no function has more than ${MAX_OWN_LINES} lines of its own`, () => {
  const long = functions.filter(({ ownLines }) => ownLines > MAX_OWN_LINES);
  expect(long.map(({ name, ownLines }) => `${name}: ${ownLines}`)).toEqual([]);
});

test(`no function has more than ${MAX_ALL_LINES} lines, nested functions included`, () => {
  const long = functions.filter(({ allLines }) => allLines > MAX_ALL_LINES);
  expect(long.map(({ name, allLines }) => `${name}: ${allLines}`)).toEqual([]);
});
