/** 1,000 callers on 200 accounts while the upstream hangs: are all answered soon after the deadline? */
import { callersOf, KEY, must, openBench, say } from './support.ts';

const ACCOUNTS = 200;
const CALLERS = 1000;
const DEADLINE_MS = 3000;
/** All callers are here long before the first deadline. */
const SPREAD_MS = 1000;

export async function hangingUpstream(): Promise<void> {
  for (const spreadMs of [SPREAD_MS, 0]) await measure(spreadMs);
}

async function measure(spreadMs: number): Promise<void> {
  const bench = await openBench({ LIST_DEADLINE_MS: String(DEADLINE_MS) });
  const order = {
    url: `${bench.url}/contacts/fetchContactsList`,
    headers: { 'x-api-key': KEY },
    bodies: Array.from({ length: ACCOUNTS }, (_, n) => JSON.stringify({ appId: `wx_${n}` })),
    callers: ACCOUNTS,
    requestsEach: 1,
  };
  try {
    const warm = await callersOf(order);
    must(warm.sources['live'] === ACCOUNTS, 'every account has a list saved');
    const before = bench.simulator.calls.length;
    bench.simulator.behave('*', { hang: true });

    const { statuses, sources, tookMs } = await callersOf({ ...order, callers: CALLERS, spreadMs });
    must(statuses['200'] === CALLERS && sources['saved'] === CALLERS, 'all get the saved list');
    const calls = bench.simulator.calls
      .slice(before)
      .filter(({ operation }) => operation === 'contacts/fetchContactsList').length;
    must(calls === ACCOUNTS, `one call per account (${calls})`);

    const after = (share: number) =>
      ((tookMs[Math.ceil(tookMs.length * share) - 1] ?? NaN) - DEADLINE_MS).toFixed(0);
    const arriving = spreadMs === 0 ? 'all in the same instant' : `within ${spreadMs} ms`;
    say(
      `hanging upstream: ${CALLERS} callers on ${ACCOUNTS} accounts, arriving ${arriving}, all got the saved list; ` +
        `median ${after(0.5)}, 99th percentile ${after(0.99)}, last ${after(1)} ms after the deadline of ${DEADLINE_MS} ms (asked: 100)`,
    );
  } finally {
    await bench.close();
  }
}
