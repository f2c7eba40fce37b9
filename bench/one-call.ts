/** 1,000 callers on one account at once: how many calls does the upstream see? */
import { callersOf, KEY, must, openBench, say } from './support.ts';

const CALLERS = 1000;

export async function oneCall(): Promise<void> {
  const bench = await openBench();
  try {
    // Long enough for all callers to have arrived.
    bench.simulator.behave('wx_one', { operations: ['fetchContactsList'], delayMs: 3000 });
    const { statuses, sources } = await callersOf({
      url: `${bench.url}/contacts/fetchContactsList`,
      headers: { 'x-api-key': KEY },
      bodies: [JSON.stringify({ appId: 'wx_one' })],
      callers: CALLERS,
      requestsEach: 1,
    });
    must(statuses['200'] === CALLERS && sources['live'] === CALLERS, 'all get the live list');
    const calls = bench.simulator.calls.length;
    must(calls === 1, `one upstream call, not ${calls}`);
    say(`one call: ${CALLERS} callers on one account at once caused ${calls} upstream call`);
  } finally {
    await bench.close();
  }
}
