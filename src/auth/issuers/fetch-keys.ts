/** Where an issuer's keys are, and how they are fetched. */
import { isHttpsOrLoopback } from '../../settings/addresses.ts';
import type { IssuerSettings } from '../../settings/issuer.ts';
import type { FetchedJson } from './fetch-json.ts';
import { usableKeys } from './jwks.ts';

/** The place that keys come from. */
export type KeySource =
  | { readonly kind: 'discovery'; readonly issuer: string }
  | { readonly kind: 'jwks'; readonly url: string };

export function keySourceOf({ issuer, jwksUrl }: IssuerSettings): KeySource {
  return jwksUrl === undefined ? { kind: 'discovery', issuer } : { kind: 'jwks', url: jwksUrl };
}

/** A name for the source. Two sources never have the same. */
export function sourceId(source: KeySource): string {
  return source.kind === 'discovery' ? `discovery:${source.issuer}` : `jwks:${source.url}`;
}

export type FetchedKeys =
  /** `keys` is the JSON text of the usable ones. There may be none. */
  { readonly kind: 'keys'; readonly keys: string; readonly count: number } | FetchFailure;

export interface FetchFailure {
  readonly kind: 'failed';
  readonly document: 'discovery document' | 'key set';
  /** Without its query, which may contain a secret. */
  readonly url: string;
  readonly why: string;
  /** The issuer that the discovery document names, if that is the problem. */
  readonly otherIssuer?: string;
}

type Get = (url: string) => Promise<FetchedJson>;

/** Fetches the key set, after the discovery document that names it. Never rejects. */
export async function fetchKeys(source: KeySource, get: Get): Promise<FetchedKeys> {
  if (source.kind === 'jwks') return fetchKeySet(source.url, get);
  const url = discoveryUrl(source.issuer);
  const fetched = await get(url);
  const wrong = (why: string, more?: Pick<FetchFailure, 'otherIssuer'>): FetchFailure => ({
    kind: 'failed',
    document: 'discovery document',
    url,
    why,
    ...more,
  });
  if (fetched.kind === 'failed') return wrong(fetched.why);
  const { issuer, jwks_uri: jwksUri } = membersOf(fetched.json);
  if (typeof issuer !== 'string') return wrong('it has no issuer');
  // OpenID Connect Discovery 1.0 section 4.3: exactly, or another issuer's keys could be used.
  if (issuer !== source.issuer) return wrong('it names another issuer', { otherIssuer: issuer });
  if (typeof jwksUri !== 'string') return wrong('it has no jwks_uri');
  if (!isHttpsOrLoopback(jwksUri)) return wrong('its jwks_uri is not https');
  return fetchKeySet(jwksUri, get);
}

async function fetchKeySet(url: string, get: Get): Promise<FetchedKeys> {
  const wrong = (why: string): FetchFailure => ({
    kind: 'failed',
    document: 'key set',
    url: url.replace(/\?.*$/s, ''),
    why,
  });
  const fetched = await get(url);
  if (fetched.kind === 'failed') return wrong(fetched.why);
  const keys = usableKeys(fetched.json);
  if (keys === undefined) return wrong('it has no list of keys');
  return { kind: 'keys', keys: JSON.stringify({ keys }), count: keys.length };
}

/** OpenID Connect Discovery 1.0 section 4: a slash at the end of the issuer is left out. */
function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function membersOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
}
