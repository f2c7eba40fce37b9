import { describe, expect, test } from '@jest/globals';
import { NO_TROUBLES } from '../../../../src/ops/overview/select.ts';
import { needs, tiles, type Facts } from '../../../../src/ops/page/model.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const QUIET = {
  at: NOW,
  answered: 0,
  refused: 0,
  failed: 0,
  left: 0,
  calls: 0,
  failedCalls: 0,
  p50: undefined,
  p95: undefined,
};

function facts(change: Partial<Facts> = {}): Facts {
  return {
    now: NOW,
    notReady: [],
    warnings: [],
    breaker: 'closed',
    isTokenAccepted: true,
    clientCount: 1,
    quarter: QUIET,
    clients: [],
    troubles: NO_TROUBLES,
    ...change,
  };
}

describe('what needs an operator', () => {
  test('is nothing if all is well, and if an account was only refused', () => {
    const troubles = { ...NO_TROUBLES, counts: { ...NO_TROUBLES.counts, 'refused-today': 9 } };
    expect(needs(facts({ troubles }))).toEqual([]);
  });

  test.each<[string, Partial<Facts>, string]>([
    ['the store is away', { notReady: ['store'] }, 'store'],
    ['GEWE rejects the token', { notReady: ['token'] }, 'token'],
    ['the gateway is stopping', { notReady: ['draining'] }, 'draining'],
    ['GEWE is down', { breaker: 'open' }, 'breaker'],
    ['many calls fail', { quarter: { ...QUIET, calls: 40, failedCalls: 5 } }, 'failing'],
    ['the clients file is broken', { warnings: ['clients-file-not-taken-over'] }, 'clientsFile'],
    ['the token file cannot be used', { warnings: ['token-file-not-taken-over'] }, 'tokenFile'],
    ['Redis may evict', { warnings: ['store-may-evict'] }, 'mayEvict'],
    ['the store was restored', { warnings: ['quotas-blocked-after-restore'] }, 'restored'],
    ['an issuer has no keys', { warnings: ['issuer-keys-missing: staff'] }, 'warning'],
  ])('if %s', (_what, change, kind) => {
    expect(needs(facts(change)).map((need) => need.kind)).toEqual([kind]);
  });

  test('a few failures among many calls are the network', () => {
    expect(needs(facts({ quarter: { ...QUIET, calls: 400, failedCalls: 5 } }))).toEqual([]);
    expect(needs(facts({ quarter: { ...QUIET, calls: 4, failedCalls: 4 } }))).toEqual([]);
  });

  test('accounts are counted, the most urgent comes first', () => {
    const counts = { 'refused-today': 0, 'stale-list': 2, 'fetch-failed': 1 };
    const found = needs(
      facts({
        breaker: 'open',
        notReady: ['store'],
        troubles: { ...NO_TROUBLES, counts },
      }),
    );
    expect(found).toEqual([
      { kind: 'store' },
      { kind: 'breaker' },
      { kind: 'fetchFailed', count: 1 },
      { kind: 'stale', count: 2 },
    ]);
  });

  test('is known also while the store cannot be read', () => {
    const found = needs(facts({ notReady: ['store'], clients: undefined, troubles: undefined }));
    expect(found).toEqual([{ kind: 'store' }]);
  });
});

describe('the tiles', () => {
  test('of a quiet gateway that is well', () => {
    expect(tiles(facts())).toEqual({
      upstream: { state: 'idle', why: 'quiet' },
      token: { state: 'good', why: 'accepted' },
      store: { state: 'good', why: 'works' },
      configuration: { state: 'good', why: 'inForce' },
      clients: { state: 'good' },
    });
  });

  test('of a gateway on which all is wrong', () => {
    const client = {
      name: 'crm',
      isConfigured: true,
      today: { requests: 20, codes: { ok: 5, 'upstream-timeout': 15 } },
      last24Hours: { requests: 20, codes: {} },
    };
    const wrong = facts({
      notReady: ['store', 'token'],
      breaker: 'open',
      warnings: ['clients-file-not-taken-over', 'store-may-evict'],
      clients: [client],
    });
    const found = tiles(wrong);
    expect(Object.values(found).map(({ state }) => state)).toEqual([
      'bad',
      'bad',
      'bad',
      'warn',
      'warn',
    ]);
  });

  test('a token that no call has tried is not said to be accepted', () => {
    expect(tiles(facts({ isTokenAccepted: false })).token).toEqual({
      state: 'idle',
      why: 'untried',
    });
  });

  test('a restored store can lose nothing: it says what it is', () => {
    const { store } = tiles(facts({ warnings: ['quotas-blocked-after-restore'] }));
    expect(store).toEqual({ state: 'warn', why: 'restored' });
  });

  test('a warning about the store is in its tile, any other in that of the configuration', () => {
    const found = tiles(facts({ warnings: ['store-may-evict', 'issuer-keys-old: staff'] }));
    expect(found.store).toEqual({ state: 'warn', why: 'warned' });
    expect(found.configuration).toEqual({ state: 'warn', why: 'warned' });
  });
});
