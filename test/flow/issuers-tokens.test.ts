/** Which tokens of an identity provider are accepted, with its keys over a real socket. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import type { IssuerSettings } from '../../src/settings/issuer.ts';
import {
  forgeToken,
  makeKey,
  signToken,
  startIdentityProvider,
  type Algorithm,
  type IdentityProvider,
} from '../support/identity-provider.ts';
import {
  goodClaims,
  issuerSettings,
  openIssuers,
  type OpenIssuers,
} from '../support/open-issuers.ts';

const ALGORITHMS: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const keys = ALGORITHMS.map((alg) => makeKey(alg, `key-${alg}`));
const keyOf = (alg: Algorithm) => keys.find((key) => key.alg === alg) ?? makeKey(alg, alg);
const KEY = keyOf('ES256');

let provider: IdentityProvider;
let issuers: OpenIssuers;
beforeAll(async () => {
  provider = await startIdentityProvider(keys);
});
afterAll(() => provider.stop());
beforeEach(() => open());
const others: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const other of [issuers, ...others.splice(0)]) await other.stop();
});

function open(more: Partial<IssuerSettings> = {}): void {
  issuers = openIssuers([issuerSettings(provider, more)]);
}

async function reopen(more: Partial<IssuerSettings>): Promise<void> {
  await issuers.stop();
  open(more);
}

const token = (more: object = {}, header: object = {}) =>
  signToken(KEY, goodClaims(provider, issuers.clock, more), header);
const inSeconds = (seconds: number) => Math.floor(issuers.clock.now() / 1000) + seconds;

test.each(ALGORITHMS)('a token with a signature by %s is accepted', async (alg) => {
  const signed = signToken(keyOf(alg), goodClaims(provider, issuers.clock));
  expect(await issuers.judge(signed)).toEqual({
    kind: 'valid',
    client: 'web',
    subject: 'alice',
    grant: { appIds: undefined, operations: undefined },
    expiresAt: issuers.clock.now() + 3_600_000,
  });
});

describe('a signature', () => {
  test('of EdDSA and of Ed25519 fits a key that is published under the other name', async () => {
    const [one, other] = [keyOf('EdDSA'), keyOf('Ed25519')];
    const claims = goodClaims(provider, issuers.clock);
    expect(await issuers.outcome(signToken({ ...one, alg: 'Ed25519' }, claims))).toBe('valid');
    expect(await issuers.outcome(signToken({ ...other, alg: 'EdDSA' }, claims))).toBe('valid');
  });

  test('that was changed is refused', async () => {
    const [head = '', body = '', signature = ''] = token().split('.');
    const other = signature.startsWith('A') ? 'B' : 'A';
    expect(await issuers.outcome(`${head}.${body}.${other}${signature.slice(1)}`)).toBe(
      'signature',
    );
  });

  test('over other claims is refused', async () => {
    const [head = '', , signature = ''] = token().split('.');
    const [, body = ''] = token({ sub: 'mallory' }).split('.');
    expect(await issuers.outcome(`${head}.${body}.${signature}`)).toBe('signature');
  });

  test('by a key that says it is the provider’s is refused', async () => {
    const forged = signToken({ ...makeKey('ES256', KEY.kid) }, goodClaims(provider, issuers.clock));
    expect(await issuers.outcome(forged)).toBe('signature');
  });

  test('that is not there is refused, as with `alg: none`', async () => {
    const claims = goodClaims(provider, issuers.clock);
    for (const alg of ['none', 'None', '']) {
      expect(await issuers.outcome(forgeToken(claims, { alg }))).toBe('algorithm');
    }
    expect(await issuers.outcome(forgeToken(claims, { typ: 'JWT' }))).toBe('algorithm');
  });

  test('by HS256 with the public key as the secret is refused', async () => {
    const { kid, jwk } = keyOf('RS256');
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    for (const secret of [String(pem), String(pem).trimEnd(), JSON.stringify(jwk)]) {
      const claims = goodClaims(provider, issuers.clock);
      expect(await issuers.outcome(forgeToken(claims, { alg: 'HS256', kid }, secret))).toBe(
        'algorithm',
      );
    }
  });

  test('by another algorithm than its key is for is refused', async () => {
    const claims = goodClaims(provider, issuers.clock);
    expect(await issuers.outcome(signToken({ ...keyOf('RS256'), alg: 'PS256' }, claims))).toBe(
      'unknown-key',
    );
    const rs512 = signToken(keyOf('RS256'), claims, { alg: 'RS512' });
    expect(await issuers.outcome(rs512)).toBe('algorithm');
  });

  test('by a key that the header brings along, or names the place of, is refused, and nothing is fetched from there', async () => {
    const own = makeKey('ES256', 'own');
    const elsewhere = await startIdentityProvider([own]);
    others.push(elsewhere);
    const claims = goodClaims(provider, issuers.clock);
    for (const header of [
      { jwk: own.jwk, kid: KEY.kid },
      { jku: `${elsewhere.url}/keys`, kid: KEY.kid },
      { x5u: `${elsewhere.url}/keys`, kid: KEY.kid },
    ]) {
      expect(await issuers.outcome(signToken(own, claims, header))).toBe('signature');
      expect(await issuers.outcome(signToken(KEY, claims, header))).toBe('valid');
    }
    expect(elsewhere.asked).toEqual([]);
  });
});

describe('a token that does not name its key', () => {
  test('is tried with every key of its kind', async () => {
    const [one, other] = [makeKey('ES256', 'one'), makeKey('ES256', 'other')];
    const several = await startIdentityProvider([one, other]);
    const opened = openIssuers([issuerSettings(several)]);
    others.push(opened, several);
    const claims = goodClaims(several, opened.clock);
    for (const key of [one, other]) {
      expect(await opened.outcome(signToken(key, claims, { kid: undefined }))).toBe('valid');
    }
    const unknown = signToken(makeKey('ES256', 'x'), claims, { kid: undefined });
    expect(await opened.outcome(unknown)).toBe('signature');
  });
});

describe('the time of a token', () => {
  test('may be over by less than 30 s', async () => {
    expect(await issuers.outcome(token({ exp: inSeconds(-29) }))).toBe('valid');
    expect(await issuers.outcome(token({ exp: inSeconds(-30) }))).toBe('expired');
  });

  test('may begin within 30 s', async () => {
    expect(await issuers.outcome(token({ nbf: inSeconds(30) }))).toBe('valid');
    expect(await issuers.outcome(token({ nbf: inSeconds(31) }))).toBe('not-yet-valid');
  });

  test('has to have an end, in numbers', async () => {
    expect(await issuers.outcome(token({ exp: undefined }))).toBe('claims');
    expect(await issuers.outcome(token({ exp: '2030-01-01' }))).toBe('claims');
    expect(await issuers.outcome(token({ nbf: 'now' }))).toBe('claims');
  });

  test('may end later than any date', async () => {
    expect(await issuers.judge(token({ exp: 1e300 }))).toMatchObject({ expiresAt: 8.64e15 });
  });

  test('ends for a token that was accepted before, too', async () => {
    const short = token({ exp: inSeconds(60) });
    expect(await issuers.outcome(short)).toBe('valid');
    issuers.clock.advance(60_000);
    expect(await issuers.outcome(short)).toBe('valid');
    issuers.clock.advance(30_000);
    expect(await issuers.outcome(short)).toBe('expired');
  });
});

describe('the audience of a token', () => {
  test.each([['gewe-gateway'], [['gewe-gateway']], [['other', 'gewe-gateway']]])(
    '%j is accepted',
    async (aud) => {
      expect(await issuers.outcome(token({ aud }))).toBe('valid');
    },
  );

  test.each([undefined, null, 'other', [], ['other'], 'gewe-gateway ', 'GEWE-GATEWAY', { a: 1 }])(
    '%j is refused',
    async (aud) => {
      expect(await issuers.outcome(token({ aud }))).toBe('audience');
    },
  );

  test('decides between issuers with the same `iss`', async () => {
    await issuers.stop();
    issuers = openIssuers([
      issuerSettings(provider, { name: 'a', audience: ['a'], client: 'web-a' }),
      issuerSettings(provider, { name: 'b', audience: ['b', 'c'], client: 'web-b' }),
    ]);
    const clientOf = async (aud: unknown) => {
      const verdict = await issuers.judge(token({ aud }));
      return verdict.kind === 'valid' ? verdict.client : verdict;
    };
    expect(await clientOf('a')).toBe('web-a');
    expect(await clientOf('c')).toBe('web-b');
    expect(await clientOf(['b', 'a'])).toBe('web-a');
    expect(await issuers.outcome(token({ aud: 'd' }))).toBe('audience');
  });
});

describe('what is no token of an issuer', () => {
  test.each([
    '',
    'gwk_a-key',
    'a.b.c',
    'a.b.c.d.e',
    'eyJhbGciOiJSUzI1NiJ9..',
    'eyJhbGciOiJSUzI1NiJ9.bm90IGpzb24.c2ln',
  ])('%j is left to others', (text) => {
    expect(issuers.verify(text)).toBeUndefined();
  });

  test('is a token with another `iss`, be it by a slash or by its type', () => {
    for (const iss of [
      `${provider.url}/`,
      provider.url.toUpperCase(),
      undefined,
      null,
      [provider.url],
      7,
    ]) {
      expect(issuers.verify(token({ iss }))).toBeUndefined();
    }
  });

  test('is every token if there is no issuer', async () => {
    const good = token();
    expect(await issuers.outcome(good)).toBe('valid');
    issuers.change([]);
    expect(issuers.verify(good)).toBeUndefined();
  });
});

describe('a header', () => {
  test('with `crit` is refused, whatever it names', async () => {
    for (const crit of [['b64'], ['exp'], [], 'b64']) {
      expect(await issuers.outcome(token({}, { crit, b64: true }))).toBe('malformed');
    }
  });

  test('that is no object is refused', async () => {
    const [, body = '', signature = ''] = token().split('.');
    for (const head of ['W10', 'bnVsbA', 'eyJ']) {
      expect(await issuers.outcome(`${head}.${body}.${signature}`)).toBe('malformed');
    }
  });
});

describe('a token of more than 8 KiB', () => {
  test('is refused unread, and one of 8 KiB is not', async () => {
    const size = (length: number) => {
      // Base64 makes four characters of three bytes: the last ones are set with the header.
      for (let pad = length; ; pad--) {
        const long = token({ pad: 'x'.repeat(Math.max(0, pad)) });
        if (long.length <= length) return long;
      }
    };
    expect(await issuers.outcome(size(8192))).toBe('valid');
    expect(await issuers.outcome(token({ pad: 'x'.repeat(9 * 1024) }))).toBe('malformed');
    // It was not even read whose it is.
    expect(await issuers.outcome(token({ iss: 'other', pad: 'x'.repeat(9 * 1024) }))).toBe(
      'malformed',
    );
    expect(issuers.verify('k'.repeat(9 * 1024))).toBeUndefined();
  });
});

describe('the claims of a genuine token', () => {
  test('narrow what it may do', async () => {
    await reopen({
      appIdsClaim: 'https://x/apps',
      operationsClaim: 'realm.ops',
      subjectClaim: 'email',
    });
    const good = token({
      'https://x/apps': ['wx_a'],
      realm: { ops: 'read addContacts' },
      email: 'a@b',
    });
    expect(await issuers.judge(good)).toMatchObject({
      subject: 'a@b',
      grant: { appIds: ['wx_a'], operations: ['read', 'addContacts'] },
    });
  });

  test.each([
    ['no accounts', { ops: 'read', groups: ['sales'] }],
    ['accounts of another type', { apps: 7, ops: 'read', groups: ['sales'] }],
    ['no operations', { apps: 'wx_a', groups: ['sales'] }],
    ['no group', { apps: 'wx_a', ops: 'read' }],
    ['another group', { apps: 'wx_a', ops: 'read', groups: ['it'] }],
    ['no subject', { apps: 'wx_a', ops: 'read', groups: ['sales'], sub: undefined }],
  ])('forbid everything with %s, each time that it comes', async (_what, claims) => {
    await reopen({ appIdsClaim: 'apps', operationsClaim: 'ops', require: { groups: ['sales'] } });
    const good = { apps: 'wx_a', ops: 'read', groups: ['sales'] };
    expect(await issuers.outcome(token(good))).toBe('valid');
    const poor = token(claims);
    expect(await issuers.outcome(poor)).toBe('forbidden');
    expect(await issuers.outcome(poor)).toBe('forbidden');
  });
});

test('an accepted token is accepted under the new settings only if it fits them', async () => {
  const good = token({ groups: ['it'] });
  expect(await issuers.outcome(good)).toBe('valid');
  issuers.change([issuerSettings(provider, { require: { groups: ['sales'] } })]);
  expect(await issuers.outcome(good)).toBe('forbidden');
  issuers.change([issuerSettings(provider, { audience: ['other'] })]);
  expect(await issuers.outcome(good)).toBe('audience');
  issuers.change([issuerSettings(provider, { client: 'elsewhere' })]);
  expect(await issuers.judge(good)).toMatchObject({ kind: 'valid', client: 'elsewhere' });
});
