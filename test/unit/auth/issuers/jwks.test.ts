import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { usableKeys } from '../../../../src/auth/issuers/jwks.ts';
import { makeKey } from '../../../support/identity-provider.ts';

const rsa = makeKey('RS256', 'rsa').jwk;
const ec = makeKey('ES256', 'ec').jwk;
const ed = makeKey('EdDSA', 'ed').jwk;
const kidsOf = (...keys: unknown[]) => usableKeys({ keys })?.map(({ kid }) => kid);

test.each([undefined, null, 7, 'keys', [], {}, { keys: {} }, { keys: 'a' }, { error: 'x' }])(
  '%j is no key set',
  (json) => {
    expect(usableKeys(json)).toBeUndefined();
  },
);

test('a key set may be empty', () => {
  expect(usableKeys({ keys: [] })).toEqual([]);
});

test('RSA keys, P-256 keys and Ed25519 keys can be used', () => {
  expect(kidsOf(rsa, ec, ed)?.sort()).toEqual(['ec', 'ed', 'rsa']);
});

test.each([
  ['of a symmetric kind', { kty: 'oct', k: 'c2VjcmV0', kid: 'x' }],
  ['for encryption', { ...rsa, use: 'enc' }],
  ['for wrapping keys', { ...rsa, key_ops: ['wrapKey'] }],
  ['for another algorithm', { ...rsa, alg: 'RS512' }],
  [
    'on another curve',
    { ...generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }) },
  ],
  ['of a short modulus', makeKey('RS256', 'x', 1024).jwk],
  ['that is no point of its curve', { ...ec, x: ec.y, y: ec.x }],
  ['that lacks a member', { ...rsa, n: undefined }],
  ['whose member is no text', { ...rsa, e: 65537 }],
  ['that is inherited', { kty: 'constructor' }],
  ['that is none', 'rsa'],
  ['that is null', null],
])('a key %s is left out, and the others stay', (_what, key) => {
  expect(kidsOf(key, ed)).toEqual(['ed']);
});

test('a key for verifying can be used, whatever else the key may be used for', () => {
  const forBoth = { ...rsa, key_ops: ['verify', 'encrypt', 'verify'], use: 'sig' };
  expect(kidsOf(forBoth)).toEqual(['rsa']);
});

test('what is not needed for verifying is left out: private members, certificates, addresses', () => {
  const { privateKey } = makeKey('EdDSA', 'ed');
  const published = {
    ...privateKey.export({ format: 'jwk' }),
    kid: 7,
    x5c: ['a'],
    x5u: 'https://x',
  };
  const [key] = usableKeys({ keys: [published] }) ?? [];
  expect(Object.keys(key ?? {}).sort()).toEqual(['crv', 'kty', 'x']);
});

test('the order of the provider makes no difference, nor does a key that it has twice', () => {
  expect(usableKeys({ keys: [rsa, ec, ed] })).toEqual(usableKeys({ keys: [ed, rsa, ec, rsa] }));
});
