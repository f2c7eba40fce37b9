import { expect, test } from '@jest/globals';
import { createPolls } from '../../../src/contacts-list/polls.ts';
import type { SavedList } from '../../../src/contacts-list/ports.ts';
import { eventually } from '../../support/eventually.ts';

const TRACE = { requestId: 'r1', traceparent: undefined };
const LIST: SavedList = { body: Buffer.from('A'), savedAt: 1, source: 'gewe-cache' };
const QUICK = { deadlineMs: 1, pollMs: 1, hardLimitMs: 60_000 };

test('polling continues past answers without a list, and resolves to the first one', async () => {
  const answers = [undefined, undefined, LIST];
  const polls = createPolls({ ...QUICK, ask: async () => answers.shift() });
  expect(await polls.start('a', TRACE)).toBe(LIST);
  polls.stop();
});

test('polling ends at the hard limit of the last call', async () => {
  let asked = 0;
  const polls = createPolls({
    ...QUICK,
    hardLimitMs: 50,
    ask: async () => void (asked += 1),
  });
  void polls.start('a', TRACE);
  expect(polls.count()).toBe(1);
  expect(await eventually(() => polls.count() === 0)).toBe(true);

  // The polls of another account as a clock: three intervals pass.
  const before = asked;
  const others = createPolls({ ...QUICK, ask: async () => LIST });
  for (const appId of ['b', 'c', 'd']) await others.start(appId, TRACE);
  expect(asked).toBe(before);
  others.stop();
});

test('polling that ended for an account begins anew with its next call', async () => {
  const polls = createPolls({ ...QUICK, ask: async () => LIST });
  const first = polls.start('a', TRACE);
  polls.end('a');
  expect(polls.count()).toBe(0);
  const second = polls.start('a', TRACE);
  expect(second).not.toBe(first);
  expect(await second).toBe(LIST);
  polls.stop();
});
