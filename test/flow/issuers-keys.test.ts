/** How the keys of an identity provider are fetched and kept, whatever the provider does. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { IssuerSettings } from '../../src/settings/issuer.ts';
import { eventually } from '../support/eventually.ts';
import {
  answerJson,
  DISCOVERY_PATH,
  makeKey,
  signToken,
  startIdentityProvider,
  type IdentityProvider,
  type ProviderKey,
} from '../support/identity-provider.ts';
import { movableClock, type MovableClock } from '../support/movable-clock.ts';
import {
  countingStore,
  goodClaims,
  issuerSettings,
  openIssuers,
  type OpenIssuers,
} from '../support/open-issuers.ts';

const KEY = makeKey('ES256', 'first');
const NEXT = makeKey('ES256', 'next');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let provider: IdentityProvider;
let clock: MovableClock;
let store: ReturnType<typeof countingStore>;
let opened: { stop(): Promise<void> }[];
beforeEach(async () => {
  provider = await startIdentityProvider([KEY]);
  clock = movableClock();
  store = countingStore();
  opened = [];
});
afterEach(async () => {
  for (const one of opened.reverse()) await one.stop();
  await provider.stop();
});

function open(more: Partial<IssuerSettings> = {}, fetchTimeoutMs?: number): OpenIssuers {
  const issuers = openIssuers([issuerSettings(provider, more)], {
    store,
    clock,
    ...(fetchTimeoutMs !== undefined && { fetchTimeoutMs }),
  });
  opened.push(issuers);
  return issuers;
}

const token = (key: ProviderKey = KEY, more: object = {}) =>
  signToken(key, goodClaims(provider, clock, more));
let unknownKids = 0;
const unknown = () => token({ ...KEY, kid: `unknown-${unknownKids++}` });

describe('the keys', () => {
  test('are those that the discovery document of the issuer names', async () => {
    expect(await open().outcome(token())).toBe('valid');
    expect(provider.asked).toEqual([DISCOVERY_PATH, '/keys']);
  });

  test('are those at jwksUrl, and then no discovery document is asked for', async () => {
    const issuers = open({ jwksUrl: `${provider.url}/keys?appid=1` });
    expect(await issuers.outcome(token())).toBe('valid');
    expect(provider.asked).toEqual(['/keys?appid=1']);
  });

  test('of one source are fetched once for several issuers', async () => {
    const issuers = openIssuers(
      [
        issuerSettings(provider, { name: 'a', audience: ['a'] }),
        issuerSettings(provider, { name: 'b', audience: ['b'] }),
      ],
      { store, clock },
    );
    opened.push(issuers);
    for (const aud of ['a', 'b']) {
      expect(await issuers.outcome(token(KEY, { aud }))).toBe('valid');
    }
    expect(provider.fetches()).toBe(1);
  });

  test('of an issuer with a slash at its end come from a document with the slash in its `issuer`', async () => {
    const issuer = `${provider.url}/`;
    provider.issuer = issuer;
    expect(await open({ issuer }).outcome(token(KEY, { iss: issuer }))).toBe('valid');
    expect(provider.asked[0]).toBe(DISCOVERY_PATH);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('may come compressed by %s', async (coding, compress) => {
    provider.behave((_req, res) => {
      const keys = JSON.stringify({ keys: [KEY.jwk] });
      res.writeHead(200, { 'Content-Encoding': coding }).end(compress(keys));
    });
    expect(await open().outcome(token())).toBe('valid');
  });

  test('are fetched again every 10 minutes, in the background', async () => {
    // Asked again after 30 s already, which shows that the time was looked at.
    const failing = await startIdentityProvider();
    failing.behave(answerJson({}, 503));
    const issuers = openIssuers(
      [issuerSettings(provider), issuerSettings(failing, { name: 'failing' })],
      { store, clock },
    );
    opened.push(failing, issuers);
    expect(await issuers.outcome(token())).toBe('valid');
    expect(await eventually(() => issuers.events.length > 0)).toBe(true);
    provider.keys = [NEXT];
    clock.advance(10 * MINUTE - 1);
    await failing.waitForFetches(2);
    expect(await issuers.outcome(token())).toBe('valid');
    expect(provider.asked).toEqual([DISCOVERY_PATH, '/keys']);
    clock.advance(1);
    await provider.waitForFetches(2);
    expect(await eventually(async () => (await issuers.outcome(token(NEXT))) === 'valid')).toBe(
      true,
    );
    expect(provider.fetches()).toBe(2);
  });
});

describe('a token with an unknown key', () => {
  test('has the keys fetched again, so that a new key works at once', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    provider.keys = [KEY, NEXT];
    expect(await issuers.outcome(token(NEXT))).toBe('valid');
    expect(await issuers.outcome(token())).toBe('valid');
    expect(provider.fetches()).toBe(2);
  });

  test('and hundreds of others cost one fetch in 30 s, at once or one after the other', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    for (let round = 1; round <= 3; round++) {
      const atOnce = await Promise.all(
        Array.from({ length: 200 }, () => issuers.outcome(unknown())),
      );
      expect(new Set(atOnce)).toEqual(new Set(['unknown-key']));
      for (let i = 0; i < 20; i++) expect(await issuers.outcome(unknown())).toBe('unknown-key');
      clock.advance(29_999);
      expect(await issuers.outcome(unknown())).toBe('unknown-key');
      expect(provider.fetches()).toBe(1 + round);
      clock.advance(1);
    }
    expect(store.saved).toHaveLength(1);
  });

  test('counts a fetch that failed', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    provider.behave(answerJson({}, 500));
    for (let i = 0; i < 50; i++) expect(await issuers.outcome(unknown())).toBe('unknown-key');
    expect(provider.fetches()).toBe(2);
    clock.advance(29_999);
    expect(await issuers.outcome(unknown())).toBe('unknown-key');
    expect(provider.fetches()).toBe(2);
    clock.advance(1);
    expect(await issuers.outcome(unknown())).toBe('unknown-key');
    expect(await issuers.outcome(token())).toBe('valid');
    expect(provider.fetches()).toBe(3);
  });

  test('is any token whose signature is wrong, at a provider that does not name its keys', async () => {
    const nameless = (key: ProviderKey) => ({ ...key, jwk: { ...key.jwk, kid: undefined } });
    provider.keys = [nameless(KEY)];
    const issuers = open();
    const tokenOf = (key: ProviderKey) =>
      signToken(key, goodClaims(provider, clock), { kid: undefined });
    expect(await issuers.outcome(tokenOf(KEY))).toBe('valid');
    provider.keys = [nameless(NEXT)];
    expect(await issuers.outcome(tokenOf(NEXT))).toBe('valid');
    expect(await issuers.outcome(tokenOf(KEY))).toBe('signature');
    expect(provider.fetches()).toBe(2);
  });
});

describe('a key that the provider drops', () => {
  test('is dropped with the next fetch, also for tokens that were accepted before', async () => {
    provider.keys = [KEY, NEXT];
    const issuers = open();
    const accepted = token();
    expect(await issuers.outcome(accepted)).toBe('valid');
    provider.keys = [NEXT];
    expect(await issuers.outcome(accepted)).toBe('valid');
    expect(await issuers.outcome(unknown())).toBe('unknown-key');
    expect(await issuers.outcome(accepted)).toBe('unknown-key');
    expect(await issuers.outcome(token(NEXT))).toBe('valid');
  });

  test('leaves none if it was the last: then no token can be judged', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    provider.keys = [];
    expect(await issuers.outcome(unknown())).toBe('unavailable');
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.warnings()).toEqual([{ issuer: 'staff', warning: 'issuer-without-keys' }]);
  });

  test('does not come back after a restart', async () => {
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    provider.keys = [NEXT];
    expect(await first.outcome(token(NEXT))).toBe('valid');
    await first.stop();
    await provider.stop();
    const second = open();
    expect(await second.outcome(token(NEXT))).toBe('valid');
    expect(await second.outcome(token())).toBe('unknown-key');
  });
});

/** What a provider can answer instead of its keys, and how it is reported. */
const RUBBISH: [string, string, (res: ServerResponse) => void][] = [
  ['an error', 'HTTP status 500', (res) => res.writeHead(500).end('{"keys":[]}')],
  ['a status without content', 'HTTP status 204', (res) => res.writeHead(204).end()],
  ['HTML', 'not JSON', (res) => res.end('<html><body>Sign in</body></html>')],
  ['nothing', 'not JSON', (res) => res.end()],
  ['other JSON', 'it has no list of keys', (res) => res.end('{"error":"maintenance"}')],
  ['JSON that is no object', 'it has no list of keys', (res) => res.end('null')],
  [
    'half an answer',
    'no connection, or one that broke',
    (res) => {
      res.writeHead(200, { 'Content-Length': '100' }).write('{"keys":');
      res.socket?.destroy();
    },
  ],
  [
    'an unknown coding',
    'a content coding that was not asked for',
    (res) => res.writeHead(200, { 'Content-Encoding': 'zip' }).end('{"keys":[]}'),
  ],
  [
    'a coding that does not fit',
    'no connection, or one that broke',
    (res) => res.writeHead(200, { 'Content-Encoding': 'gzip' }).end('{"keys":[]}'),
  ],
  [
    'more than 1 MiB',
    'larger than 1 MiB',
    (res) => res.end(JSON.stringify({ keys: [], pad: 'x'.repeat(1024 * 1024) })),
  ],
  [
    'more than 1 MiB once it is decoded',
    'larger than 1 MiB',
    (res) =>
      res
        .writeHead(200, { 'Content-Encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ keys: [], pad: 'x'.repeat(1024 * 1024) }))),
  ],
];

describe('a provider that answers', () => {
  test.each(RUBBISH)(
    '%s keeps the keys that it had, and is reported',
    async (_what, why, answer) => {
      const issuers = open();
      expect(await issuers.outcome(token())).toBe('valid');
      provider.behave((_req, res) => answer(res));
      expect(await issuers.outcome(unknown())).toBe('unknown-key');
      expect(await issuers.outcome(token())).toBe('valid');
      expect(issuers.events).toEqual([expect.stringContaining(`staff: key set: ${why}`)]);
      expect(issuers.warnings()).toEqual([{ issuer: 'staff', warning: 'issuer-on-old-keys' }]);

      provider.behave(undefined);
      clock.advance(30_000);
      expect(await eventually(() => issuers.events.includes('staff: recovered'))).toBe(true);
      expect(issuers.warnings()).toEqual([]);
    },
  );

  test.each([
    ['another issuer', 'it names another issuer', { issuer: 'https://other.example.com' }],
    ['an issuer with a slash more', 'it names another issuer', 'slash'],
    ['no issuer', 'it has no issuer', { issuer: undefined }],
    ['no jwks_uri', 'it has no jwks_uri', { jwks_uri: undefined }],
    ['a jwks_uri without TLS', 'its jwks_uri is not https', { jwks_uri: 'http://192.0.2.1/keys' }],
    ['a jwks_uri that is a file', 'its jwks_uri is not https', { jwks_uri: 'file:///etc/passwd' }],
  ])('a discovery document with %s gives no keys', async (_what, why, change) => {
    const document = { issuer: provider.url, jwks_uri: `${provider.url}/keys` };
    const changed =
      change === 'slash'
        ? { ...document, issuer: `${provider.url}/` }
        : { ...document, ...(change as object) };
    provider.behave(undefined, answerJson(changed));
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.events).toEqual([`staff: discovery document: ${why}`]);
    expect(provider.fetches()).toBe(0);
  });

  test('a redirect is not followed, neither for the document nor for the keys', async () => {
    const elsewhere = await startIdentityProvider([KEY]);
    opened.push(elsewhere);
    elsewhere.issuer = provider.url;
    const redirect = (_req: unknown, res: ServerResponse) =>
      void res.writeHead(302, { Location: `${elsewhere.url}${DISCOVERY_PATH}` }).end();
    provider.behave(undefined, redirect);
    const first = open();
    expect(await first.outcome(token())).toBe('unavailable');
    expect(first.events).toEqual([
      'staff: discovery document: a redirect (HTTP status 302), which is not followed',
    ]);
    provider.behave(redirect);
    const second = open();
    expect(await second.outcome(token())).toBe('unavailable');
    expect(second.events).toEqual([
      'staff: key set: a redirect (HTTP status 302), which is not followed',
    ]);
    expect(elsewhere.asked).toEqual([]);
  });

  test('10 MB is given up at the head that says so', async () => {
    provider.behave((_req, res) => {
      res.writeHead(200, { 'Content-Length': '10000000' }).flushHeaders();
    });
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.events).toEqual(['staff: key set: larger than 1 MiB']);
  });

  // More than two sockets have room for.
  test('100 MB without a word of its size is given up early, and the connection with it', async () => {
    const { promise: wasSent, resolve } = Promise.withResolvers<boolean>();
    provider.behave((_req, res) => {
      let sent = 0;
      const more = () => {
        while (sent < 100_000_000 && !res.destroyed) {
          sent += 50_000;
          if (!res.write(' '.repeat(50_000))) return void res.once('drain', more);
        }
        res.end();
      };
      res.on('close', () => resolve(res.writableFinished));
      more();
    });
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.events).toEqual(['staff: key set: larger than 1 MiB']);
    expect(await wasSent).toBe(false);
  });

  test('too slowly is given up, at its head or in its middle', async () => {
    const behaviours = [
      () => undefined,
      (_req: unknown, res: ServerResponse) => void res.write('{"keys":'),
    ];
    for (const behaviour of behaviours) {
      provider.behave(behaviour);
      const issuers = open({ jwksUrl: `${provider.url}/keys` }, 100);
      expect(await issuers.outcome(token())).toBe('unavailable');
      expect(issuers.events).toEqual(['staff: key set: no whole answer within 0.1 s']);
      await issuers.stop();
    }
    expect(await eventually(async () => (await provider.connections()) === 0)).toBe(true);
  });
});

describe('a provider that is down', () => {
  test('does not keep the gateway from starting, and is found when it is up', async () => {
    await provider.stop();
    const issuers = open();
    const verdict = await issuers.judge(token());
    expect(verdict).toEqual({ kind: 'unavailable', retryAfterMs: 30_000 });
    expect(issuers.warnings()).toEqual([{ issuer: 'staff', warning: 'issuer-without-keys' }]);
    clock.advance(10_000);
    expect(await issuers.judge(token())).toEqual({ kind: 'unavailable', retryAfterMs: 20_000 });

    await provider.start();
    clock.advance(20_000);
    expect(await issuers.outcome(token())).toBe('valid');
    expect(issuers.events).toEqual([
      'staff: discovery document: no connection, or one that broke (ECONNREFUSED)',
      'staff: recovered',
    ]);
    expect(issuers.warnings()).toEqual([]);
  });

  test('is asked once in 30 s, whoever asks and in the background', async () => {
    provider.behave(answerJson({}, 503));
    const issuers = open();
    for (let fetches = 1; fetches <= 3; fetches++) {
      for (let i = 0; i < 20; i++) expect(await issuers.outcome(token())).toBe('unavailable');
      clock.advance(29_999);
      expect(await issuers.outcome(token())).toBe('unavailable');
      expect(provider.fetches()).toBe(fetches);
      clock.advance(1);
      await provider.waitForFetches(fetches + 1);
    }
  });

  test('is reported once in 10 minutes', async () => {
    provider.behave(answerJson({}, 503));
    const issuers = open();
    await provider.waitForFetches(1);
    for (let fetches = 2; fetches <= 21; fetches++) {
      // Joins the fetch under way, so that it is over at this time of the clock.
      expect(await issuers.outcome(token())).toBe('unavailable');
      clock.advance(30_000);
      await provider.waitForFetches(fetches);
    }
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.events).toEqual(Array(2).fill('staff: key set: HTTP status 503'));
  });

  test('leaves its last keys in use for 24 hours', async () => {
    const issuers = open();
    const long = token(KEY, { exp: Math.floor(clock.now() / 1000) + 100_000 });
    expect(await issuers.outcome(long)).toBe('valid');
    await provider.stop();
    clock.advance(24 * HOUR - 1);
    expect(await issuers.outcome(long)).toBe('valid');
    clock.advance(1);
    expect(await issuers.outcome(long)).toBe('unavailable');
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(issuers.warnings()).toEqual([{ issuer: 'staff', warning: 'issuer-without-keys' }]);
  });

  test('leaves its last keys in use no longer because the clock was set back', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    await provider.stop();
    clock.advance(12 * HOUR);
    clock.set(clock.now() - 12 * HOUR);
    expect(await issuers.outcome(token())).toBe('valid');
    clock.advance(12 * HOUR);
    expect(await issuers.outcome(token())).toBe('unavailable');
  });

  test('leaves its last keys in use over a restart, and no longer than 24 hours since they were fetched', async () => {
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    await first.stop();
    await provider.stop();
    clock.advance(24 * HOUR - 1);
    const second = open();
    expect(await second.outcome(token())).toBe('valid');
    expect(await eventually(() => second.events.length > 0)).toBe(true);
    expect(second.warnings()).toEqual([{ issuer: 'staff', warning: 'issuer-on-old-keys' }]);
    clock.advance(1);
    expect(await second.outcome(token())).toBe('unavailable');
  });

  test('does not bring back keys that were saved by a clock that was ahead', async () => {
    clock.set(clock.now() + 48 * HOUR);
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    await first.stop();
    await provider.stop();
    clock.set(clock.now() - 48 * HOUR);
    expect(await open().outcome(token())).toBe('unavailable');
  });
});

describe('the store', () => {
  test('is written when the keys change, or when what it has is 10 minutes old', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    expect(store.saved).toHaveLength(1);
    clock.advance(5 * MINUTE);
    expect(await issuers.outcome(unknown())).toBe('unknown-key');
    await issuers.stop();
    expect(store.saved).toHaveLength(1);

    const again = open();
    expect(await again.outcome(unknown())).toBe('unknown-key');
    provider.keys = [NEXT, KEY];
    clock.advance(30_000);
    expect(await again.outcome(token(NEXT))).toBe('valid');
    provider.keys = [KEY, NEXT];
    clock.advance(30_000);
    expect(await again.outcome(unknown())).toBe('unknown-key');
    expect(await eventually(() => store.saved.length >= 2)).toBe(true);
    clock.advance(10 * MINUTE);
    expect(await eventually(() => store.saved.length >= 3)).toBe(true);
    await again.stop();
    expect(store.saved).toHaveLength(3);
    expect(store.saved.at(-1)?.fetchedAt).toBe(clock.now());
  });

  test('that has keys is enough: nobody waits for a provider that is silent', async () => {
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    await first.stop();
    provider.behave(() => undefined);
    const second = open();
    expect(await second.outcome(token())).toBe('valid');
    expect(second.events).toEqual([]);
  });

  test('that fails costs nobody a token, and is reported', async () => {
    const broken = {
      load: () => Promise.reject(new Error('load failed')),
      save: () => Promise.reject(new Error('save failed')),
    };
    const issuers = openIssuers([issuerSettings(provider)], { store: broken, clock });
    opened.push(issuers);
    expect(await issuers.outcome(token())).toBe('valid');
    await issuers.stop();
    expect(issuers.events).toEqual(['store: load failed', 'store: save failed']);
  });

  test('that was away at the start is asked again while there are no keys', async () => {
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    await first.stop();
    await provider.stop();
    let isAway = true;
    const returning = {
      ...store,
      load: (source: string) => (isAway ? Promise.reject(new Error('away')) : store.load(source)),
    };
    const issuers = openIssuers([issuerSettings(provider)], { store: returning, clock });
    opened.push(issuers);
    expect(await issuers.outcome(token())).toBe('unavailable');
    isAway = false;
    clock.advance(30_000);
    expect(await issuers.outcome(token())).toBe('valid');
    expect(issuers.events).toContain('store: away');
  });

  test.each(['', 'not JSON', '{}', '{"keys":[{"kty":"oct","k":"AA"}]}'])(
    'that has %j instead of keys is like an empty one',
    async (keys) => {
      await store.save(`discovery:${provider.url}`, { keys, fetchedAt: clock.now() });
      await provider.stop();
      expect(await open().outcome(token())).toBe('unavailable');
    },
  );

  test('of keys from jwksUrl is not that of the discovery document', async () => {
    const first = open();
    expect(await first.outcome(token())).toBe('valid');
    await first.stop();
    await provider.stop();
    expect(await open({ jwksUrl: `${provider.url}/keys` }).outcome(token())).toBe('unavailable');
  });
});

describe('a change of the issuers', () => {
  test('fetches the keys of a new one, and no longer those of one that is gone', async () => {
    const other = await startIdentityProvider([NEXT]);
    opened.push(other);
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    issuers.change([issuerSettings(other)]);
    const ofOther = signToken(NEXT, goodClaims(other, clock));
    expect(await issuers.outcome(ofOther)).toBe('valid');
    expect(issuers.verify(token())).toBeUndefined();
    clock.advance(10 * MINUTE);
    await other.waitForFetches(2);
    expect(provider.fetches()).toBe(1);
  });

  test('that leaves the source of the keys fetches nothing', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    issuers.change([issuerSettings(provider, { name: 'renamed', client: 'other' })]);
    expect(await issuers.judge(token())).toMatchObject({ client: 'other' });
    expect(provider.fetches()).toBe(1);
  });
});

describe('a stop', () => {
  test('ends a fetch under way and those who wait for it, and leaves no connection', async () => {
    provider.behave(() => undefined);
    const issuers = open();
    const waiting = issuers.outcome(token());
    await provider.waitForFetches(1);
    await issuers.stop();
    expect(await waiting).toBe('unavailable');
    expect(await eventually(async () => (await provider.connections()) === 0)).toBe(true);
    clock.advance(HOUR);
    expect(await issuers.outcome(token())).toBe('unavailable');
    expect(provider.fetches()).toBe(1);
    expect(issuers.events).toEqual([]);
  });

  test('may come twice, and a change of the issuers after it begins nothing', async () => {
    const issuers = open();
    expect(await issuers.outcome(token())).toBe('valid');
    await issuers.stop();
    await issuers.stop();
    issuers.change([issuerSettings(provider, { jwksUrl: `${provider.url}/keys` })]);
    expect(issuers.verify(token())).toBeUndefined();
    expect(provider.fetches()).toBe(1);
  });

  test('waits for what is being written to the store', async () => {
    const { promise: written, resolve: finishWriting } = Promise.withResolvers<void>();
    const { promise: writing, resolve: startWriting } = Promise.withResolvers<void>();
    const slow = {
      ...store,
      save() {
        startWriting();
        return written;
      },
    };
    const issuers = openIssuers([issuerSettings(provider)], { store: slow, clock });
    opened.push(issuers);
    await writing;
    let isStopped = false;
    const stopped = issuers.stop().then(() => (isStopped = true));
    // One that has nothing to write, and began to stop later, is done.
    const other = open();
    expect(await other.outcome(token())).toBe('valid');
    await other.stop();
    expect(isStopped).toBe(false);
    finishWriting();
    await stopped;
  });
});

test('a connection is not kept after its answer', async () => {
  const asked: (string | undefined)[] = [];
  provider.behave((req, res) => {
    asked.push(req.headers.connection);
    res.end('{"keys":[]}');
  });
  expect(await open().outcome(token())).toBe('unavailable');
  expect(asked).toEqual(['close']);
});
