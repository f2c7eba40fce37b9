import { LRUCache } from 'lru-cache';

/** The caller's wishes: how fresh the list has to be, and how soon it has to come. */
export interface ListDirectives {
  /** Its own deadline, milliseconds; undefined if it names none. */
  readonly waitMs: number | undefined;
  /** The saved list or nothing, without asking the upstream. */
  readonly onlyIfCached: boolean;
  /** A saved list younger than this will do, milliseconds; undefined if the caller does not say. */
  readonly maxAgeMs: number | undefined;
  /** The upstream is asked even if a fresh list is saved. Common clients always send this, so the fallback stays. */
  readonly noCache: boolean;
  /** The fallback must be younger than this, milliseconds; 0 for no fallback, undefined for any age. */
  readonly staleIfErrorMs: number | undefined;
}

const NONE: ListDirectives = {
  waitMs: undefined,
  onlyIfCached: false,
  maxAgeMs: undefined,
  noCache: false,
  staleIfErrorMs: undefined,
};

/**
 * Reads `Prefer: wait=N` (RFC 7240 section 4.3) and the request's `Cache-Control` (RFC 9111 section 5.2.1, and
 * `stale-if-error` of RFC 5861 section 4). Directives that cannot be read are ignored, as these documents ask for.
 */
export function readDirectives(
  prefer: string | undefined,
  cacheControl: string | undefined,
): ListDirectives {
  if (prefer === undefined && cacheControl === undefined) return NONE;
  const headers = `${prefer ?? ''}\n${cacheControl ?? ''}`;
  const known = directivesByHeaders.get(headers);
  if (known !== undefined) return known;
  const directives = parse(prefer, cacheControl);
  directivesByHeaders.set(headers, directives);
  return directives;
}

/** Programs send the same headers every time. */
const directivesByHeaders = new LRUCache<string, ListDirectives>({ max: 100 });

function parse(prefer: string | undefined, cacheControl: string | undefined): ListDirectives {
  // `foo; wait=3` is a parameter of another preference.
  const preferences = membersOf(prefer, (member) => splitUnquoted(member, ';')[0] ?? '');
  const control = membersOf(cacheControl);
  return {
    waitMs: milliseconds(preferences.get('wait')),
    onlyIfCached: control.has('only-if-cached'),
    maxAgeMs: milliseconds(control.get('max-age')),
    noCache: control.has('no-cache') || control.has('no-store'),
    staleIfErrorMs: milliseconds(control.get('stale-if-error')),
  };
}

/** Names are case-insensitive, values may be quoted, and the first of two equal names counts. */
function membersOf(
  header = '',
  read: (member: string) => string = (member) => member,
): Map<string, string> {
  const members = new Map<string, string>();
  for (const member of splitUnquoted(header, ',')) {
    const [name = '', value = ''] = read(member)
      .split('=', 2)
      .map((side) => side.trim());
    const key = name.toLowerCase();
    if (key !== '' && !members.has(key)) members.set(key, value.replace(/^"(.*)"$/, '$1'));
  }
  return members;
}

/** Splits at separators that are not in a quoted string (RFC 9110 section 5.6.4). */
function splitUnquoted(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isQuoted && character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

function milliseconds(seconds: string | undefined): number | undefined {
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}
