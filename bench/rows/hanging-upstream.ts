/** 1,000 callers on 200 accounts while the upstream hangs: how long after the deadline does the last one have its list? */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { callAll } from '../load/call-all.ts';
import { median, percentile } from '../report/stats.ts';
import { KEY, startGateway, TOKEN } from '../setup/built-gateway.ts';
import { inFolder } from '../setup/folder.ts';
import { type Bench, say } from './bench.ts';

const ACCOUNTS = 200;
const CALLERS = 1000;
const DEADLINE_MS = 3000;

/** Over how long the callers arrive, milliseconds: all before the first deadline. */
const arrivals: Readonly<Record<string, { readonly spreadMs: number; readonly what: string }>> = {
  'hanging-upstream': { spreadMs: 0, what: 'in one instant' },
  'hanging-upstream-1s': { spreadMs: 1000, what: 'within a second' },
};

export const hangingUpstream: Bench = {
  names: Object.keys(arrivals),
  needs: ['taskset'],
  onTwoCores: true,
  async measure(wanted, { rounds }) {
    const rows = [];
    for (const [name, { spreadMs, what }] of Object.entries(arrivals)) {
      if (!wanted.has(name)) continue;
      const lasts: number[] = [];
      const medians: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const lateMs = await inFolder((folder) => lateness(folder, spreadMs));
        lasts.push(percentile(lateMs, 1));
        medians.push(median(lateMs));
        say(`${name}: round ${round} of ${rounds}`);
      }
      rows.push({
        name,
        what: `upstream hanging, 1,000 callers on 200 accounts ${what}: the last answer after the deadline`,
        unit: 'ms' as const,
        goal: { atMost: 100 },
        values: lasts,
        context: `the middle one after ${median(medians).toFixed(0)} ms; deadline ${DEADLINE_MS} ms`,
      });
    }
    return rows;
  },
};

/** By how much each caller's answer came after the deadline, milliseconds. */
async function lateness(folder: string, spreadMs: number): Promise<readonly number[]> {
  const simulator = createSimulator({ token: TOKEN });
  const { baseUrl } = await simulator.start();
  const settings = { GEWE_BASE_URL: baseUrl, LIST_DEADLINE_MS: String(DEADLINE_MS) };
  const gateway = await startGateway(join(folder, 'gateway'), settings, 'servers');
  const order = {
    url: `${gateway.url}/contacts/fetchContactsList`,
    headers: { 'x-api-key': KEY },
    bodies: Array.from({ length: ACCOUNTS }, (_, n) => JSON.stringify({ appId: `wx_${n}` })),
    callers: ACCOUNTS,
  };
  try {
    const warm = await callAll(order);
    assert.deepEqual(warm.sources, { live: ACCOUNTS });
    const before = simulator.calls.length;
    simulator.behave('*', { hang: true });

    const { statuses, sources, tookMs } = await callAll({ ...order, callers: CALLERS, spreadMs });
    assert.deepEqual(statuses, { 200: CALLERS });
    assert.deepEqual(sources, { saved: CALLERS });
    const calls = simulator.calls.slice(before).map(({ operation }) => operation);
    const slow = calls.filter((operation) => operation === 'contacts/fetchContactsList');
    assert.equal(slow.length, ACCOUNTS, 'one slow call for each account');
    return tookMs.map((ms) => ms - DEADLINE_MS);
  } finally {
    await gateway.stop();
    await simulator.stop();
  }
}
