/** What a request shows to be let in: parts of headers, read and bounded. Pure. */

/** The token of `Authorization: Bearer`. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)\s*$/i.exec(authorization ?? '')?.[1];
}

export interface Basic {
  readonly user: string;
  readonly password: string;
}

/** User and password of `Authorization: Basic` (RFC 7617), in UTF-8. */
export function basicOf(authorization: string | undefined): Basic | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)\s*$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/**
 * The values of all cookies of this name. There can be several: another program on the same host may have set one with
 * a longer path, which comes first, and must not lock the operator out.
 */
export function cookiesOf(header: string | undefined, name: string): string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

/** In characters. */
export const LONGEST_NAME = 60;

/** Control characters would break a line of the log, and invisible ones could make one name look like another. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The text in one line without anything unprintable, fit for the journal and the log. */
export function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(UNPRINTABLE, '').trim();
}

/** A name of at most 60 characters. */
export function shortened(name: string): string {
  return [...name].slice(0, LONGEST_NAME).join('').trim();
}
