/** Key sets (JWKS, RFC 7517), and which of their keys can verify a token here. Pure. */
import { createPublicKey } from 'node:crypto';

/** A public key with only the members that are needed to verify with it. */
export type PublicJwk = Readonly<Record<string, string>>;

/** A smaller one is not safe (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2048;

interface KeyType {
  /** The members that make the key. */
  readonly members: readonly string[];
  /** Of `alg`, if the key has one. */
  readonly algorithms: readonly string[];
  readonly curve?: string;
}

const KEY_TYPES: Readonly<Record<string, KeyType>> = {
  RSA: { members: ['n', 'e'], algorithms: ['RS256', 'PS256'] },
  EC: { members: ['crv', 'x', 'y'], algorithms: ['ES256'], curve: 'P-256' },
  // RFC 9864 has a second name for it.
  OKP: { members: ['crv', 'x'], algorithms: ['EdDSA', 'Ed25519'], curve: 'Ed25519' },
};

/**
 * The keys of a key set that can verify, in an order that does not depend on the provider's. Everything else is left out,
 * private members and certificates too. Undefined if it is no key set.
 */
export function usableKeys(json: unknown): readonly PublicJwk[] | undefined {
  const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined;
  if (!Array.isArray(keys)) return undefined;
  const texts = keys.flatMap((key: unknown) => {
    const usable = usableKey(key);
    return usable === undefined ? [] : [JSON.stringify(usable)];
  });
  return [...new Set(texts)].sort().map((text) => JSON.parse(text) as PublicJwk);
}

function usableKey(key: unknown): PublicJwk | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  const jwk = key as Readonly<Record<string, unknown>>;
  const kty = String(jwk['kty']);
  const type = Object.hasOwn(KEY_TYPES, kty) ? KEY_TYPES[kty] : undefined;
  if (type === undefined || !isForVerifying(jwk, type)) return undefined;
  const usable: Record<string, string> = { kty };
  for (const name of type.members) {
    const value = jwk[name];
    if (typeof value !== 'string') return undefined;
    usable[name] = value;
  }
  if (!isSound(usable)) return undefined;
  const { kid, alg } = jwk;
  if (typeof kid === 'string') usable['kid'] = kid;
  // Both names of Ed25519 mean the same key, but a verifier compares them by their letters.
  if (typeof alg === 'string' && kty !== 'OKP') usable['alg'] = alg;
  return usable;
}

function isForVerifying(jwk: Readonly<Record<string, unknown>>, type: KeyType): boolean {
  const { alg, use, key_ops: operations, crv } = jwk;
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    (alg === undefined || type.algorithms.some((one) => one === alg)) &&
    (type.curve === undefined || crv === type.curve)
  );
}

/** Whether it is a key at all: a point on its curve, a modulus that is long enough. */
function isSound(jwk: PublicJwk): boolean {
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' });
    return (asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
