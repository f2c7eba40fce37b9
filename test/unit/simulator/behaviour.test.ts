import { describe, expect, test } from '@jest/globals';
import { parseBehaviour, parseBehaviours } from '../../../src/simulator/behaviour.ts';

describe('parseBehaviour', () => {
  test('a behaviour with every kind of member is accepted unchanged', () => {
    const behaviour = {
      operations: ['fetchContactsList'],
      times: 2,
      delayMs: 10,
      cutAfterBytes: 5,
      friends: 10_000,
      status: 200,
      cacheList: 'kept',
    };
    expect(parseBehaviour(behaviour)).toEqual(behaviour);
  });

  test('an empty behaviour means an ordinary response', () => {
    expect(parseBehaviour({})).toEqual({});
  });

  test.each<[string, unknown, string]>([
    ['that is no object', 'slow', 'behaviour must be an object, got "slow"'],
    ['with a misspelt key', { dealyMs: 1 }, 'behaviour has the unknown key "dealyMs"; known: oper'],
    ['with a key of every object', { toString: 1 }, 'behaviour has the unknown key "toString"'],
    [
      'with a text for a number',
      { delayMs: '10' },
      'behaviour.delayMs must be a whole number from',
    ],
    ['with a negative delay', { delayMs: -1 }, 'got -1'],
    ['that applies zero times', { times: 0 }, 'behaviour.times must be a whole number from 1'],
    ['with a number for a flag', { hang: 1 }, 'behaviour.hang must be true or false, got 1'],
    ['with no operation', { operations: [] }, 'behaviour.operations must be a list'],
    ['with a status below 200', { status: 100 }, 'behaviour.status must be'],
    ['with an unknown cache', { cacheList: 'maybe' }, 'must be "kept" or "none", got "maybe"'],
    ['with a line break in a header', { redirectTo: 'a\r\nb: c' }, 'behaviour.redirectTo must be'],
    ['with a raw answer without body', { raw: {} }, 'behaviour.raw must be an object of body'],
    ['with a broken raw header', { raw: { body: '', headers: { 'a b': 'c' } } }, 'behaviour.raw'],
    ['with two ends', { hang: true, reset: true }, 'can have only one of hang, reset'],
    ['with two contents', { empty: true, friends: 1 }, 'can have only one of empty, friends'],
  ])('a behaviour %s is refused with a message that names it', (_, value, words) => {
    expect(() => parseBehaviour(value)).toThrow(words);
  });

  test('a flag that is false excludes nothing', () => {
    expect(parseBehaviour({ hang: false, reset: true })).toEqual({ hang: false, reset: true });
  });

  test('a mistake in a list is refused with its position', () => {
    expect(() => parseBehaviours([{}, { hang: 'yes' }])).toThrow('behaviour[1].hang');
  });
});
