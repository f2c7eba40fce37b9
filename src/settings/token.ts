import {
  readTextFile,
  readTextFileSync,
  watchFile,
  whyNoText,
  type FileLook,
} from './text-file.ts';

/** What examples, templates and unexpanded variables leave behind. Narrow, so that no real token looks like one. */
const PLACEHOLDERS: readonly RegExp[] = [
  /^change[-_ ]?me\W*$/i,
  /^replace[-_ ]?me\W*$/i,
  /^your[-_ ]/i,
  /^your(token|key|secret)\b/i,
  /^<.*>$/,
  /^x{3,}$/i,
  /^(?:token|key|secret|password|placeholder|todo|tbd|null|undefined)$/i,
  /^%\w+%$/,
  /^\$\(.*\)$/,
  // `...`, `gwk_...`, `***`, `----`
  /\.{3,}$|…$|^[*._-]+$/,
  /^\$ENV:\/\//i,
  /^\$[A-Za-z_]\w*$/,
  /\$\{.*\}/,
  /\{\{.*\}\}/,
];

/** In characters. Far below what HTTP servers take as a header; no token comes near. */
const TOKEN_LIMIT = 4096;

/** `GEWE_TOKEN=abc`, `export TOKEN=abc`; base64 may end in `=`, and a password may have one after small letters. */
const ASSIGNMENT = /^(?:export\s+\w+|[A-Z][A-Z0-9_]*|\w*(?:token|key|secret)\w*)\s*=\s*[^=\s]/;

/** Whether a text still has the quotes around it that only some readers of a variable remove. */
export function isQuoted(text: string): boolean {
  return /^["'`“‘]|["'`”’]$/.test(text);
}

/** Why a text cannot be a secret that travels in a header, or undefined. Never repeats the text. */
export function secretProblem(text: string): string | undefined {
  if (text === '') return 'is missing or empty';
  if (PLACEHOLDERS.some((placeholder) => placeholder.test(text))) {
    return 'is a placeholder that was never replaced';
  }
  if (ASSIGNMENT.test(text)) return 'is written as NAME=value';
  if (isQuoted(text)) return 'begins or ends with a quote';
  if (/[\r\n]/.test(text)) return 'has more than one line';
  if (/\s/.test(text)) return 'has a space in it';
  if (!/^[\x21-\x7e]*$/.test(text)) return 'has characters outside of printable ASCII';
  if (text.length > TOKEN_LIMIT) return `is longer than ${TOKEN_LIMIT} characters`;
  return undefined;
}

/**
 * The token in a variable or a file. White space at its ends is dropped, since files end in a line feed.
 *
 * @returns the token, or what is wrong as the end of a sentence (`is missing or empty`), without the text itself
 */
export function parseToken(
  text: string | undefined,
): { readonly token: string } | { readonly problem: string } {
  if (text === undefined) return { problem: 'is missing or empty' };
  const token = text.trim();
  if (token === '' && text !== '') return { problem: 'is blank' };
  const problem = secretProblem(token);
  return problem === undefined ? { token } : { problem };
}

/** The upstream token itself, or the absolute path of its file. */
export type TokenSource = { readonly value: string } | { readonly file: string };

/** Where the upstream token comes from. */
export interface TokenPlace {
  /** The token at the start. */
  readonly first: string;
  /** Reads it again, and rejects with a public reason if there is no usable one. Undefined if it cannot change. */
  readonly read: (() => Promise<string>) | undefined;
  /** Reports within a second that the file has changed, also if a mounted secret's symlink was swapped. */
  watch(onChange: () => void): { stop(): void };
}

/** The variable, which cannot change, or the file, which may. Throws if the file contains no usable token. */
export function openTokenPlace(source: TokenSource): TokenPlace {
  if ('value' in source) {
    return {
      first: source.value,
      read: undefined,
      watch: () => ({ stop: () => undefined }),
    };
  }
  const { file } = source;
  const known = readTextFileSync(file);
  return {
    first: tokenIn(known),
    async read() {
      try {
        return tokenIn(await readTextFile(file));
      } catch (error) {
        throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
      }
    },
    watch: (onChange) => watchFile(file, onChange, { known }),
  };
}

/** Throws with what is wrong, without the text itself. */
function tokenIn(look: FileLook): string {
  if (look.kind !== 'text') throw new Error(whyNoText(look));
  const parsed = parseToken(look.text);
  if ('problem' in parsed) throw new Error(`its token ${parsed.problem}`);
  return parsed.token;
}
