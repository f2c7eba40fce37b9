import { BlockList, isIP } from 'node:net';

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

/** Far below what HTTP servers take as a header; no token comes near. */
const TOKEN_LIMIT = 4096;

/** `GEWE_TOKEN=abc`, `export TOKEN=abc`; base64 may end in `=`, and a password may hold one after small letters. */
const ASSIGNMENT = /^(?:export\s+\w+|[A-Z][A-Z0-9_]*|\w*(?:token|key|secret)\w*)\s*=\s*[^=\s]/;

/** Whether quotes were left around a text, which only some readers of a variable take away. */
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
 * The upstream token out of a variable or a file. White space at the ends is dropped, since files end in a line feed.
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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
