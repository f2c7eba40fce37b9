/** Session tokens: a JWS (RFC 7515) behind a prefix, so that a scanner for leaked secrets can find it. */
import type { JWTPayload } from 'jose';
import { loadJose, type Jose } from './jose.ts';
import type { SigningKey } from './ports.ts';
import type { TokenFault } from './token-fault.ts';

export const SESSION_PREFIX = 'gws_';

/** Node's listener takes 16 KiB of headers. */
export const LONGEST_TOKEN = 8 * 1024;

/** What a session token says. */
export interface SessionClaims {
  readonly id: string;
  readonly client: string;
  /** Names the client's key that made the session. See `keyIdOf`. */
  readonly keyId: string;
  readonly subject: string | undefined;
  readonly appIds: readonly string[] | undefined;
  readonly operations: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const ALGORITHM = 'HS256';
const ISSUER = 'gewe-gateway';

export async function signSession(claims: SessionClaims, key: SigningKey): Promise<string> {
  const { id, client, keyId, subject, appIds, operations, issuedAt, expiresAt } = claims;
  const { SignJWT } = await loadJose();
  const payload = { client, key: keyId, appIds, operations } satisfies JWTPayload;
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: ALGORITHM, kid: key.id })
    .setIssuer(ISSUER)
    .setJti(id)
    // NumericDate may have a fraction (RFC 7519 section 2): sessions are ended to the millisecond.
    .setIssuedAt(issuedAt / 1000)
    .setExpirationTime(expiresAt / 1000);
  if (subject !== undefined) token.setSubject(subject);
  return SESSION_PREFIX + (await token.sign(secretOf(key)));
}

/** The id of the key that a token claims to be signed with; undefined for a text that is not a token. Checks nothing. */
export async function signingKeyIdOf(token: string): Promise<string | undefined> {
  const { decodeProtectedHeader } = await loadJose();
  try {
    return decodeProtectedHeader(token.slice(SESSION_PREFIX.length)).kid;
  } catch {
    return undefined;
  }
}

/** @param now milliseconds since the epoch */
export async function readSession(
  token: string,
  key: SigningKey,
  now: number,
): Promise<SessionClaims | TokenFault> {
  const { jwtVerify, errors } = await loadJose();
  try {
    const { payload } = await jwtVerify(token.slice(SESSION_PREFIX.length), secretOf(key), {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      requiredClaims: ['exp', 'iat', 'jti'],
      currentDate: new Date(now),
    });
    return claimsOf(payload);
  } catch (error) {
    return faultOf(error, errors);
  }
}

function secretOf({ secret }: SigningKey): Uint8Array {
  return Buffer.from(secret, 'base64url');
}

/** The signature is ours, so the claims have the types that we gave them. */
function claimsOf(payload: JWTPayload): SessionClaims {
  const { client, key, appIds, operations } = payload as JWTPayload & {
    client: string;
    key: string;
    appIds?: string[];
    operations?: string[];
  };
  return {
    id: payload.jti ?? '',
    client,
    keyId: key,
    subject: payload.sub,
    appIds,
    operations,
    issuedAt: Math.round((payload.iat ?? 0) * 1000),
    expiresAt: Math.round((payload.exp ?? 0) * 1000),
  };
}

function faultOf(error: unknown, errors: Jose['errors']): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWTClaimValidationFailed) return 'claims';
  return 'malformed';
}
