/** What another gateway tells of its call is true only as far as the store has it. */
import { systemClock } from '../../../src/time.ts';
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

const MINE: Turn = { kind: 'mine', note: () => undefined, end: async () => undefined };
const theirs = (theirs: Partial<TheirTurn>): Turn => ({
  kind: 'theirs',
  since: STARTED_AT,
  noted: new Promise(() => undefined),
  ended: new Promise(() => undefined),
  ...theirs,
});

/** Joins a call of another gateway, and has the turn itself after that. */
function join(turn: Partial<TheirTurn>, saved: SavedList) {
  return startWith([theirs(turn), MINE], saved);
}

/** @param asked hears since when a turn may have ended, each time that one is asked for */
function startWith(turns: Turn[], saved: SavedList, asked: (since: number) => void = () => {}) {
  return startSharedFlight({
    clock: systemClock,
    askedAt: STARTED_AT,
    takeTurn: async (since) => {
      asked(since);
      return turns.shift() ?? Promise.reject(new Error('No turn is left'));
    },
    startOwn: () => ({
      startedAt: 2000,
      first: Promise.resolve(OWN),
      landing: Promise.resolve(OWN),
    }),
    load: async () => saved,
    onFault(error) {
      throw error;
    },
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

test('a call that is lost is not made again where another has made it again in the meantime', async () => {
  const asked: number[] = [];
  const lost = theirs({ ended: Promise.resolve(undefined) });
  const list = listAt(2000);
  const flight = startWith([lost, theirs({ ended: told })], list, (since) => asked.push(since));

  expect(await flight.landing).toEqual(found(list));
  expect(asked).toEqual([STARTED_AT, STARTED_AT]);
});

test('a call that is lost is made again for who joined it after another had made it again', async () => {
  const asked: number[] = [];
  const lost = Promise.withResolvers<undefined>();
  const turns = [theirs({ ended: lost.promise }), MINE];
  const flight = startWith(turns, listAt(2000), (since) => asked.push(since));
  await flight.placed;
  flight.join(2500);
  flight.join(2400);
  lost.resolve(undefined);

  expect(await flight.landing).toEqual(OWN);
  expect(asked).toEqual([STARTED_AT, 2500]);
});

test('a call that came to nothing is made again, and not told again', async () => {
  const asked: number[] = [];
  const before = systemClock.now();
  const turns = [theirs({ ended: told }), MINE];
  await startWith(turns, listAt(500), (since) => asked.push(since)).landing;

  expect(asked[1]).toBeGreaterThanOrEqual(before);
});
