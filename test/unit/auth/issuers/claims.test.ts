import { describe, expect, test } from '@jest/globals';
import { claimOf, judgeClaims } from '../../../../src/auth/issuers/claims.ts';

const RULES = { require: {}, subjectClaim: 'sub' } as const;
const ALICE = { sub: 'alice' };

describe('the name of a claim', () => {
  const claims = {
    'https://x/roles': ['a'],
    'realm_access.roles': 'literal',
    realm_access: { roles: ['nested'], deep: { est: 1 } },
    list: [{ roles: 1 }],
    text: 'abc',
    nothing: null,
  };

  test.each([
    ['https://x/roles', ['a']],
    ['realm_access.roles', 'literal'],
    ['realm_access.deep.est', 1],
    ['nothing', null],
    ['realm_access.none', undefined],
    ['list.0.roles', undefined],
    ['list.length', undefined],
    ['text.length', undefined],
    ['nothing.x', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['realm_access.__proto__.toString', undefined],
    ['.realm_access', undefined],
  ])(
    '%s finds its value literally, else at the end of its path, and nothing that is inherited',
    (name, value) => {
      expect(claimOf(claims, name)).toEqual(value);
    },
  );
});

describe('the claim of accounts', () => {
  const appIdsOf = (claim: unknown) => {
    const claims = claim === undefined ? ALICE : { ...ALICE, apps: claim };
    const granted = judgeClaims(claims, { ...RULES, appIdsClaim: 'apps' });
    return granted.kind === 'granted' ? granted.grant.appIds : granted.kind;
  };

  test.each([
    [
      ['wx_a', 'wx_b'],
      ['wx_a', 'wx_b'],
    ],
    ['wx_a wx_b', ['wx_a', 'wx_b']],
    ['  wx_a   wx_b ', ['wx_a', 'wx_b']],
    ['wx_a', ['wx_a']],
    ['wx_a,wx_b', ['wx_a,wx_b']],
    [[], []],
    ['', []],
  ])('%j grants %j', (claim, appIds) => {
    expect(appIdsOf(claim)).toEqual(appIds);
  });

  test.each([undefined, null, 7, true, { wx_a: true }, ['wx_a', 7], [['wx_a']], ['wx_a', null]])(
    '%j grants nothing',
    (claim) => {
      expect(appIdsOf(claim)).toBe('forbidden');
    },
  );

  test('with 1000 entries is granted, and with one more grants nothing', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `wx_${index}`);
    expect(appIdsOf(ids)).toHaveLength(1000);
    expect(appIdsOf(ids.join(' '))).toHaveLength(1000);
    expect(appIdsOf([...ids, 'wx'])).toBe('forbidden');
    expect(appIdsOf([...ids, 'wx'].join(' '))).toBe('forbidden');
  });

  test('does not narrow if none is configured', () => {
    expect(judgeClaims({ ...ALICE, apps: 7 }, RULES)).toEqual({
      kind: 'granted',
      subject: 'alice',
      grant: { appIds: undefined, operations: undefined },
    });
  });
});

test('the claim of operations is read like that of accounts', () => {
  const rules = { ...RULES, operationsClaim: 'ops' };
  const granted = judgeClaims({ ...ALICE, ops: 'read addContacts' }, rules);
  expect(granted).toMatchObject({ grant: { operations: ['read', 'addContacts'] } });
  expect(judgeClaims({ ...ALICE, ops: 1 }, rules).kind).toBe('forbidden');
  expect(judgeClaims(ALICE, rules).kind).toBe('forbidden');
});

describe('a required claim', () => {
  const kindOf = (claim: unknown, values: (string | number | boolean)[] = ['sales', 7, true]) => {
    const claims = claim === undefined ? ALICE : { ...ALICE, groups: claim };
    return judgeClaims(claims, { ...RULES, require: { groups: values } }).kind;
  };

  test.each(['sales', 7, true, ['it', 'sales'], [1, 7], ['sales', false]])('%j holds', (claim) => {
    expect(kindOf(claim)).toBe('granted');
  });

  test.each([
    undefined,
    null,
    'it',
    'sales it',
    'Sales',
    '7',
    'true',
    1,
    false,
    [],
    ['it'],
    { sales: true },
    ['sales', null],
    ['sales', ['it']],
    [{ name: 'sales' }],
  ])('%j does not hold', (claim) => {
    expect(kindOf(claim)).toBe('forbidden');
  });

  test('has to hold beside every other one', () => {
    const require = { groups: ['sales'], 'realm.roles': ['agent'] };
    const judged = (claims: object) => judgeClaims({ ...ALICE, ...claims }, { ...RULES, require });
    expect(judged({ groups: ['sales'], realm: { roles: ['agent'] } }).kind).toBe('granted');
    expect(judged({ groups: ['sales'] }).kind).toBe('forbidden');
  });
});

describe('the subject', () => {
  test.each([
    undefined,
    null,
    '',
    7,
    ['alice'],
    { name: 'alice' },
    'a'.repeat(257),
    'a\nb',
    'a\u0000',
    'a\u2028b',
    'a\ud800',
  ])('%j is not accepted as a subject', (sub) => {
    expect(judgeClaims({ sub }, RULES).kind).toBe('forbidden');
  });

  test('comes from the configured claim, with up to 256 characters', () => {
    const subject = 'a'.repeat(256);
    const rules = { ...RULES, subjectClaim: 'user.name' };
    expect(judgeClaims({ ...ALICE, user: { name: subject } }, rules)).toMatchObject({ subject });
    expect(judgeClaims(ALICE, rules).kind).toBe('forbidden');
  });
});

test('what is forbidden says which setting it is about, and repeats nothing of the token', () => {
  const rules = {
    require: { 'secret-name': ['a'] },
    subjectClaim: 'secret-name',
    appIdsClaim: 'secret-name',
    operationsClaim: 'secret-name',
  };
  const details = [
    judgeClaims({ 'secret-name': 'secret-value' }, rules),
    judgeClaims({ 'secret-name': [] }, { ...rules, require: {} }),
    judgeClaims({ ...ALICE, 'secret-name': 7 }, { ...rules, require: {}, subjectClaim: 'sub' }),
    judgeClaims(ALICE, { ...RULES, operationsClaim: 'secret-name' }),
  ].map((granted) => (granted.kind === 'forbidden' ? granted.detail : granted.kind));
  for (const [index, setting] of [
    'require',
    'subjectClaim',
    'appIdsClaim',
    'operationsClaim',
  ].entries()) {
    expect(details[index]).toContain(`(${setting})`);
    expect(details[index]).not.toContain('secret');
  }
});
