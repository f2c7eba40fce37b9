/** What another gateway tells of its call is true only as far as the store has it. */
import { systemClock } from '../../../src/clock.ts';
import { expect, test } from '@jest/globals';
import type { FlightResult } from '../../../src/contacts-list/flight.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { startSharedFlight } from '../../../src/contacts-list/shared-flight.ts';
import { encodeResult } from '../../../src/contacts-list/told-result.ts';
import type { TheirTurn, Turn } from '../../../src/turns.ts';

const STARTED_AT = 1000;
const listAt = (savedAt: number): SavedList => ({
  body: Buffer.from(`list of ${savedAt}`),
  savedAt,
  source: 'live',
});
const found = (list: SavedList): FlightResult => ({
  kind: 'list',
  list,
  contentType: 'application/json',
});
const OWN = found(listAt(3000));

/** Joins a call of another gateway, and has the turn itself after that. */
function join(theirs: Partial<TheirTurn>, saved: SavedList) {
  const turns: Turn[] = [
    {
      kind: 'theirs',
      since: STARTED_AT,
      noted: new Promise(() => undefined),
      ended: new Promise(() => undefined),
      ...theirs,
    },
    { kind: 'mine', note: () => undefined, end: async () => undefined },
  ];
  return startSharedFlight({
    clock: systemClock,
    askedAt: STARTED_AT,
    takeTurn: async () => turns.shift() ?? Promise.reject(new Error('No turn is left')),
    startOwn: () => ({
      startedAt: 2000,
      first: Promise.resolve(OWN),
      landing: Promise.resolve(OWN),
    }),
    load: async () => saved,
  });
}

const told = Promise.resolve(encodeResult(found(listAt(2000))));

test("another's list is taken from the store", async () => {
  const list = listAt(2000);
  expect(await join({ ended: told }, list).landing).toEqual(found(list));
});

test("where the store has only an older list than the other's, the call is made again", async () => {
  expect(await join({ ended: told }, listAt(500)).landing).toEqual(OWN);
});

test('a poll of another that the store has not taken brings no older list', async () => {
  const ended = Promise.withResolvers<Buffer | undefined>();
  const flight = join({ noted: Promise.resolve(), ended: ended.promise }, listAt(500));
  await flight.placed;
  await new Promise(setImmediate);
  ended.resolve(undefined);
  expect(await flight.first).toEqual(OWN);
});
