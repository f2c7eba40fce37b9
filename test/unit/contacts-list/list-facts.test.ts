import { describe, expect, test } from '@jest/globals';
import { countIds, createSavedListFacts } from '../../../src/contacts-list/list-facts.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { parseJson } from '../../../src/gewe/outcome.ts';

const T0 = Date.UTC(2026, 0, 1);

describe('countIds', () => {
  test.each([
    ['all three', '{"ret":200,"data":{"friends":["a","b"],"chatrooms":["c"],"ghs":[]}}', [2, 1, 0]],
    ['null', '{"ret":200,"data":{"friends":["a"],"chatrooms":null,"ghs":null}}', [1, 0, 0]],
    ['friends alone', '{"ret":200,"data":{"friends":["a"]}}', [1, 0, 0]],
    ['a byte order mark', '\ufeff{"ret":200,"data":{"friends":["a"]}}', [1, 0, 0]],
    ['ids that look like JSON', '{"ret":200,"data":{"friends":["],[","\\"a\\""]}}', [2, 0, 0]],
    ['what is no list', '{"ret":200}', [0, 0, 0]],
    ['what is no JSON', '{', [0, 0, 0]],
  ])('of a list with %s', (_what, body, [friends, chatrooms, ghs]) => {
    expect(countIds(parseJson(Buffer.from(body)))).toEqual({ friends, chatrooms, ghs });
  });

  test('of a list with a character cut off counts all the same', () => {
    const body = Buffer.concat([
      Buffer.from('{"ret":200,"data":{"friends":["'),
      Buffer.from([0xf0, 0x9f]),
      Buffer.from('","b"]}}'),
    ]);
    expect(countIds(parseJson(body)).friends).toBe(2);
  });
});

describe('the facts about a saved list', () => {
  test('are counted once for as long as the store returns the same list', async () => {
    let reads = 0;
    const listOf = (friends: string[]): SavedList => {
      const body = Buffer.from(JSON.stringify({ ret: 200, data: { friends } }));
      body.toString = (...args) => {
        reads++;
        return Buffer.prototype.toString.apply(body, args);
      };
      return { body, savedAt: T0, source: 'live' };
    };
    let list: SavedList | undefined = listOf(['a', 'b']);
    const facts = createSavedListFacts({
      lists: { load: async () => list },
      onStoreError: () => undefined,
    });

    const expected = { savedAt: T0, friends: 2, chatrooms: 0, ghs: 0, source: 'live' };
    expect(await facts.of('wx_a', T0 + 1500)).toEqual({ ...expected, ageSeconds: 1 });
    expect(await facts.of('wx_a', T0 + 9000)).toEqual({ ...expected, ageSeconds: 9 });
    expect(reads).toBe(1);
    list = listOf(['a']);
    expect(await facts.of('wx_a', T0)).toMatchObject({ friends: 1 });
    expect(reads).toBe(2);
    list = undefined;
    expect(await facts.of('wx_a', T0)).toBeUndefined();
  });

  test('are none if the store fails, which is reported', async () => {
    const errors: unknown[] = [];
    const error = new Error('made up');
    const facts = createSavedListFacts({
      lists: { load: () => Promise.reject(error) },
      onStoreError: (one) => errors.push(one),
    });
    expect(await facts.of('wx_a', T0)).toBeUndefined();
    expect(errors).toEqual([error]);
  });
});
