/** What a caller says about how fresh and how fast its list has to be. Pure. */
export interface ListDirectives {
  /** Its own deadline, milliseconds; undefined where it names none. */
  readonly waitMs: number | undefined;
  /** The saved list or nothing, without asking the upstream. */
  readonly onlyIfCached: boolean;
  /** A saved list younger than this does, milliseconds; undefined where it says nothing. */
  readonly maxAgeMs: number | undefined;
  /** No saved list. */
  readonly noCache: boolean;
}

/**
 * Reads `Prefer: wait=N` (RFC 7240 section 4.3) and the request's `Cache-Control` (RFC 9111 section 5.2.1).
 * What cannot be read is left out, as both documents ask for.
 */
export function readDirectives(
  prefer: string | undefined,
  cacheControl: string | undefined,
): ListDirectives {
  const wait = seconds(membersOf(prefer, /[,;]/).get('wait'));
  const control = membersOf(cacheControl, /,/);
  return {
    waitMs: wait,
    onlyIfCached: control.has('only-if-cached'),
    maxAgeMs: seconds(control.get('max-age')),
    noCache: control.has('no-cache'),
  };
}

/** Names are case-insensitive, values may be quoted, and of two equal names the first counts. */
function membersOf(header: string | undefined, separator: RegExp): Map<string, string> {
  const members = new Map<string, string>();
  for (const part of (header ?? '').split(separator)) {
    const [name = '', value = ''] = part.split('=', 2).map((side) => side.trim());
    const key = name.toLowerCase();
    if (key !== '' && !members.has(key)) members.set(key, value.replace(/^"(.*)"$/, '$1'));
  }
  return members;
}

function seconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) * 1000 : undefined;
}
