import { expect, test } from '@jest/globals';
import { createCallLog } from '../../../src/simulator/call-log.ts';
import type { RecordedCall } from '../../../src/simulator/simulator.ts';

function recorded(appId: string): RecordedCall {
  return {
    method: 'POST',
    path: '/v2/api/contacts/search',
    operation: 'contacts/search',
    appId,
    headers: {},
    rawHeaders: [],
    body: Buffer.alloc(0),
    receivedAt: 0,
    ended: Promise.resolve('answered'),
  };
}

test('a full log drops the oldest call for a new one', () => {
  const log = createCallLog(2);
  for (const appId of ['wx_1', 'wx_2', 'wx_3']) log.add(recorded(appId));
  expect(log.calls.map((call) => call.appId)).toEqual(['wx_2', 'wx_3']);
});
