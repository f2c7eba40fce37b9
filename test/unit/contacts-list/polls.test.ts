import { expect, test } from '@jest/globals';
import { containFaults } from '../../../src/contacts-list/faults.ts';
import { createPolls, type PolledRefresh, type Polls } from '../../../src/contacts-list/polls.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { eventually } from '../../support/eventually.ts';

const TRACE = { requestId: 'r1', traceparent: undefined };
const STARTED_AT = 1000;
const listAt = (savedAt: number): SavedList => ({
  body: Buffer.from('A'),
  savedAt,
  source: 'gewe-cache',
});
const LIST = listAt(STARTED_AT);
const QUICK = { deadlineMs: 1, pollMs: 1, hardLimitMs: 60_000 };
const faults = containFaults((error) => {
  throw error;
});

interface Parts {
  ask(): Promise<SavedList | undefined>;
  load?(): Promise<SavedList | undefined>;
  readonly hardLimitMs?: number;
}

function pollsWith({ ask, load = async () => undefined, ...settings }: Parts): Polls {
  return createPolls({
    savedLists: { load },
    geweCache: { ask },
    settings: { ...QUICK, ...settings },
    faults,
  });
}

/** Starts polling for a call; `found` resolves to the list that is found. */
function start(polls: Polls, appId = 'a', startedAt = STARTED_AT) {
  const { promise: found, resolve } = Promise.withResolvers<SavedList>();
  const refresh: PolledRefresh = polls.start(appId, TRACE, startedAt, resolve);
  return { found, refresh };
}

/** Other polls serve as a clock: three intervals pass. */
async function threeIntervals(): Promise<void> {
  const polls = pollsWith({ ask: async () => LIST });
  for (const appId of ['b', 'c', 'd']) await start(polls, appId).found;
}

test('polling continues after responses without a list, and ends with the first list', async () => {
  const answers = [undefined, undefined, LIST, listAt(2000)];
  const polls = pollsWith({ ask: async () => answers.shift() });
  expect(await start(polls).found).toBe(LIST);
  expect(polls.count()).toBe(0);
  await threeIntervals();
  expect(answers).toHaveLength(1);
});

test('a list saved since the start of the call is used without asking GEWE', async () => {
  let saved = listAt(STARTED_AT - 1);
  let asked = 0;
  const polls = pollsWith({
    load: async () => saved,
    ask: async () => void (asked += 1),
  });
  const { found } = start(polls);
  expect(await eventually(() => asked > 0)).toBe(true);
  saved = listAt(STARTED_AT + 1);
  expect(await found).toBe(saved);
  expect(polls.count()).toBe(0);
});

test('polling ends at the hard limit of the last refresh', async () => {
  let asked = 0;
  const polls = pollsWith({ hardLimitMs: 50, ask: async () => void (asked += 1) });
  start(polls);
  expect(polls.count()).toBe(1);
  expect(await eventually(() => polls.count() === 0)).toBe(true);
  const before = asked;
  await threeIntervals();
  expect(asked).toBe(before);
});

test('a refresh that ends its polls ends only its own', () => {
  const polls = pollsWith({ ask: async () => undefined });
  const first = start(polls);
  first.refresh.release();
  const second = start(polls);
  second.refresh.endOwn();
  expect(polls.count()).toBe(1);
  first.refresh.endOwn();
  expect(polls.count()).toBe(0);

  start(polls).refresh.endOwn();
  expect(polls.count()).toBe(0);
  start(polls);
  start(polls).refresh.end();
  expect(polls.count()).toBe(0);
});

test('a released call gets no more lists, and polling continues for the next call', async () => {
  const gate = Promise.withResolvers<SavedList>();
  const polls = pollsWith({ ask: () => gate.promise });
  const first = start(polls);
  first.refresh.release();
  const second = start(polls);
  gate.resolve(LIST);
  expect(await second.found).toBe(LIST);
  expect(await Promise.race([first.found, threeIntervals()])).toBeUndefined();
});
