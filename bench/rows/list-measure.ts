import type { ListOrder, ListReport } from '../load/list-callers.ts';
import { percentile } from '../report/stats.ts';
import { KEY } from '../setup/built-gateway.ts';
import { runScript } from '../setup/processes.ts';
import { forgetPeak, residentMb } from './resident-memory.ts';

const CALLERS = new URL('../load/list-callers.ts', import.meta.url);

type Step = Partial<ListOrder> & {
  readonly requests: number;
  /** How often all of it is repeated. */
  readonly rounds?: number;
};

export interface ListMeasure {
  /** Asks for lists, and tells how long they took and how much memory the gateway had. */
  step(what: string, order: Step): Promise<{ readonly medianMs: number }>;
  /** The highest resident memory of all steps. */
  highestMb(): number;
}

/** Measures a gateway that has the lists of many accounts saved. An account comes again only after all the others. */
export function createListMeasure(
  url: string,
  pid: number,
  accounts: number,
  tell: (line: string) => void,
): ListMeasure {
  let highestMb = 0;
  let from = 0;
  tell(`started: ${residentMb(pid).now} MB resident`);

  return {
    highestMb: () => highestMb,
    async step(what, { rounds = 1, headers = {}, ...rest }) {
      forgetPeak(pid);
      const tookMs: number[] = [];
      let bytes = 0;
      for (let round = 0; round < rounds; round += 1) {
        const order: ListOrder = {
          url: `${url}/contacts/fetchContactsList`,
          headers: { 'x-api-key': KEY, 'cache-control': 'only-if-cached', ...headers },
          accounts,
          from,
          callers: 1,
          source: 'saved',
          ...rest,
        };
        const report = await runScript<ListReport>(CALLERS, order);
        tookMs.push(...report.tookMs);
        bytes += report.bytes;
        from += order.requests;
      }
      const { now, peak } = residentMb(pid);
      highestMb = Math.max(highestMb, peak);
      const medianMs = percentile(tookMs, 0.5);
      tell(
        `${what}: median ${medianMs.toFixed(1)} ms, 99th percentile ${percentile(tookMs, 0.99).toFixed(1)} ms; ` +
          `${(bytes / tookMs.length / 1000).toFixed(0)} KB each; at most ${peak} MB resident, ${now} MB after it`,
      );
      return { medianMs };
    },
  };
}
