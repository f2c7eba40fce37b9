import { expect, test } from '@jest/globals';
import { createAddService, type AddCall } from '../../../src/add-contacts/add-service.ts';
import type { Ledger } from '../../../src/add-contacts/ports.ts';
import type { Outcome } from '../../../src/gewe/outcome.ts';
import { memoryHistory } from '../../../src/stores/memory-history.ts';
import { memoryLedger } from '../../../src/stores/memory.ts';
import { defaultPolicy as policy } from '../../support/default-policy.ts';
import { movableClock } from '../../support/movable-clock.ts';

const cause = new Error('made up');

function createService(outcome: Outcome, failing: Partial<Ledger> = {}) {
  const clock = movableClock();
  const history = memoryHistory(clock);
  const service = createAddService({
    upstream: { call: async () => outcome },
    ledger: { ...memoryLedger(clock, history), ...failing },
    accounts: {
      standing: async () => ({ kind: 'trusted' }),
      checkOnline: async () => undefined,
      observe: () => undefined,
    },
    clock,
    policy,
    timeoutMs: 1000,
    journal: history,
    onJournalError: () => undefined,
    onWarning: () => undefined,
  });
  return { service, history };
}

const CALL: AddCall = {
  appId: 'wx_a',
  client: 'crm',
  subject: undefined,
  request: { kind: 'add', target: 'ann' },
  body: Buffer.from('{}'),
  trace: { requestId: 'r', traceparent: undefined },
  waitFor: (call) => call,
};

test.each<[string, Outcome, { charged: boolean; code: string }]>([
  [
    'a stop before it was sent',
    { kind: 'aborted', sent: false },
    { charged: false, code: 'shutting-down' },
  ],
  [
    'a stop after it was sent',
    { kind: 'aborted', sent: true },
    { charged: true, code: 'upstream-timeout' },
  ],
  [
    'no connection',
    { kind: 'unreachable', sent: false, cause },
    { charged: false, code: 'upstream-unreachable' },
  ],
  [
    'a lost connection',
    { kind: 'unreachable', sent: true, cause },
    { charged: true, code: 'upstream-unreachable' },
  ],
  ['a timeout', { kind: 'timeout' }, { charged: true, code: 'upstream-timeout' }],
  [
    'a rejected token',
    { kind: 'token-rejected' },
    { charged: true, code: 'upstream-token-rejected' },
  ],
])('an attempt that ends with %s is charged or refunded', async (_what, outcome, expected) => {
  const { service } = createService(outcome);
  const result = await service.attempt(CALL);
  const [perDay] = await service.usage('wx_a', ['add']);
  const charged = perDay !== undefined && perDay.left < perDay.limit;
  expect({ charged, code: result.kind === 'refused' && result.refusal.code }).toEqual(expected);
});

test('a rejection that the store keeps from being sent is not in the journal', async () => {
  const { service, history } = createService(
    { kind: 'timeout' },
    { usage: () => Promise.reject(cause) },
  );
  const call: AddCall = { ...CALL, request: { kind: 'reject', target: 'ann' } };
  await expect(service.attempt(call)).rejects.toThrow(cause);
  expect(await history.attempts('wx_a', { after: undefined, limit: 10 })).toEqual([]);
});
