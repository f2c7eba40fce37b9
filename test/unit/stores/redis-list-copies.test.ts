import { expect, test } from '@jest/globals';
import { systemClock } from '../../../src/time.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { keepCopies } from '../../../src/stores/redis/list-copies.ts';
import type { Found, StoredLists } from '../../../src/stores/redis/lists.ts';

const list: SavedList = { body: Buffer.from('A'), savedAt: 1, source: 'live' };
const LIST: Found = { kind: 'list', found: { mark: 'm1', list }, wasPutBack: false };

/** A Redis whose replies wait for the test, and that can report a deletion by another gateway. */
function heldRedis() {
  const asked: PromiseWithResolvers<Found>[] = [];
  let onForgotten: (appId: string) => void = () => undefined;
  const stored: StoredLists = {
    find() {
      const question = Promise.withResolvers<Found>();
      asked.push(question);
      return question.promise;
    },
    save: async () => ({ kind: 'saved', bytesBefore: 0 }),
    forget: async () => true,
    onForgotten: (listener) => void (onForgotten = listener),
  };
  const pending = { add: () => undefined, flush: () => undefined, close: async () => undefined };
  const lists = keepCopies(stored, 1_000_000, systemClock, pending);
  return { lists, asked, forgetElsewhere: () => onForgotten('a') };
}

test('a list that another gateway has deleted is not restored through a running load', async () => {
  const { lists, asked, forgetElsewhere } = heldRedis();
  const loading = lists.load('a');
  forgetElsewhere();
  asked[0]?.resolve(LIST);
  await new Promise(setImmediate);
  asked[1]?.resolve({ kind: 'forgotten' });
  expect(await loading).toBeUndefined();
});

test('the copy of a deleted list is not restored either, if Redis fails during the load', async () => {
  const { lists, asked, forgetElsewhere } = heldRedis();
  const first = lists.load('a');
  asked[0]?.resolve(LIST);
  expect(await first).toBe(list);

  const loading = lists.load('a');
  forgetElsewhere();
  asked[1]?.reject(new Error('Redis is away'));
  await expect(loading).rejects.toThrow('Redis is away');
});
