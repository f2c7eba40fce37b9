/** The signature and the standard claims of a token (RFC 7519), by the advice of RFC 8725. */
import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { loadJose, type Jose } from '../jose.ts';
import type { TokenFault } from '../token-fault.ts';
import type { Keys } from './key-set.ts';

/** Only asymmetric ones: with HS256, the provider's public key would be the secret. */
const ALGORITHMS: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

const CLOCK_SKEW_SECONDS = 30;

/** How many keys are tried for a token that does not name one. */
const MAX_KEYS_TRIED = 8;

/** What a token says, before anything of it has been verified. */
export interface UnverifiedToken {
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Undefined if it is not a JSON object. */
  readonly header: Readonly<Record<string, unknown>> | undefined;
}

/** Undefined if it is not a signed JWT with an issuer. */
export function readUnverified(token: string): UnverifiedToken | undefined {
  const [, header, payload] = /^([\w-]+)\.([\w-]+)\.[\w-]*$/.exec(token) ?? [];
  const claims = decode(payload);
  const { iss, aud } = claims ?? {};
  if (typeof iss !== 'string') return undefined;
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return {
    issuer: iss,
    audience: audience.filter((one) => typeof one === 'string'),
    header: decode(header),
  };
}

function decode(part = ''): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
    return json as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * What is wrong with a header. Extensions that have to be understood are not (`crit`, RFC 7515 section 4.1.11). Keys and
 * the places of keys that a header names (`jwk`, `jku`, `x5u`) are ignored.
 */
export function faultOfHeader({ header }: UnverifiedToken): TokenFault | undefined {
  if (header === undefined || Object.hasOwn(header, 'crit')) return 'malformed';
  const { alg } = header;
  return typeof alg === 'string' && ALGORITHMS.includes(alg) ? undefined : 'algorithm';
}

export type Verified =
  | { readonly kind: 'verified'; readonly claims: JWTPayload; readonly expiresAt: number }
  | { readonly kind: 'rejected'; readonly reason: TokenFault };

/** @param now milliseconds since the epoch */
export async function verifyToken(
  token: string,
  keys: Keys,
  { issuer, audience }: { readonly issuer: string; readonly audience: readonly string[] },
  now: number,
): Promise<Verified> {
  const options: JWTVerifyOptions = {
    algorithms: [...ALGORITHMS],
    issuer,
    audience: [...audience],
    requiredClaims: ['exp'],
    clockTolerance: CLOCK_SKEW_SECONDS,
    currentDate: new Date(now),
  };
  const jose = await loadJose();
  try {
    const claims = await verifyWithAny(jose, token, keys, options);
    return { kind: 'verified', claims, expiresAt: instantOf(claims.exp) };
  } catch (error) {
    return { kind: 'rejected', reason: faultOf(error, jose.errors) };
  }
}

/** Importing a key costs more than a signature check, so each is imported once. */
const finders = new WeakMap<Keys, JWTVerifyGetKey>();

function finderOf(keys: Keys, { createLocalJWKSet }: Jose): JWTVerifyGetKey {
  const known = finders.get(keys);
  if (known !== undefined) return known;
  const finder = createLocalJWKSet(keys.jwks);
  finders.set(keys, finder);
  return finder;
}

async function verifyWithAny(
  jose: Jose,
  token: string,
  keys: Keys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jose.jwtVerify(token, finderOf(keys, jose), options)).payload;
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error;
    return await verifyWithEach(jose, token, error, options);
  }
}

async function verifyWithEach(
  { jwtVerify, errors }: Jose,
  token: string,
  candidates: AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let left = MAX_KEYS_TRIED;
  for await (const key of candidates) {
    if (left-- === 0) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Rethrows an error that is not the token's fault. */
function faultOf(error: unknown, errors: Jose['errors']): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'audience';
    return error.claim === 'nbf' && error.reason === 'check_failed' ? 'not-yet-valid' : 'claims';
  }
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return 'malformed';
  throw error;
}

/** The latest instant that a Date can have: the claim may be any number. */
const LATEST = 8.64e15;

function instantOf(seconds = 0): number {
  return Math.min(seconds * 1000, LATEST);
}
