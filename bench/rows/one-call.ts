/** 1,000 callers on one account at once: how many calls does the upstream see? */
import assert from 'node:assert/strict';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { callAll } from '../load/call-all.ts';
import { KEY, startGateway, TOKEN } from '../setup/built-gateway.ts';
import { inFolder } from '../setup/folder.ts';
import type { Bench } from './bench.ts';

const CALLERS = 1000;
/** Long enough for all callers to have arrived. */
const SLOW_MS = 3000;

export const oneCall: Bench = {
  names: ['one-call'],
  needs: ['taskset'],
  onTwoCores: true,
  async measure() {
    return [
      {
        name: 'one-call',
        what: '1,000 callers on one account at once: calls that the upstream sees',
        unit: 'calls',
        goal: { atMost: 1 },
        values: [await inFolder(upstreamCalls)],
        context: `a call of ${SLOW_MS} ms`,
      },
    ];
  },
};

async function upstreamCalls(folder: string): Promise<number> {
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  simulator.behave('wx_one', { operations: ['fetchContactsList'], delayMs: SLOW_MS });
  const gateway = await startGateway(folder, { GEWE_BASE_URL: baseUrl }, 'servers');
  try {
    const { statuses, sources } = await callAll({
      url: `${gateway.url}/contacts/fetchContactsList`,
      headers: { 'x-api-key': KEY },
      bodies: [JSON.stringify({ appId: 'wx_one' })],
      callers: CALLERS,
    });
    assert.deepEqual(statuses, { 200: CALLERS });
    assert.deepEqual(sources, { live: CALLERS });
    return simulator.calls.length;
  } finally {
    await gateway.stop();
    await simulator.stop();
  }
}
