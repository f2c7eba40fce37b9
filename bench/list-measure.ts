import type { ListOrder, ListReport } from './list-callers.ts';
import { forgetPeak, residentMb } from './resident-memory.ts';
import { KEY, run } from './support.ts';

type Step = Partial<ListOrder> & {
  readonly requests: number;
  /** How often all of it is done. */
  readonly rounds?: number;
};

export interface ListMeasure {
  /** Has lists asked for, and tells how long they took and what the gateway had in memory. */
  step(what: string, order: Step): Promise<{ readonly medianMs: number }>;
  /** Resident at the most, over all steps. */
  highestMb(): number;
}

/** Measures a gateway that has so many accounts' lists saved. No account comes again before all others had their turn. */
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
        const report = await run<ListReport>('list-callers.ts', JSON.stringify(order));
        tookMs.push(...report.tookMs);
        bytes += report.bytes;
        from += order.requests;
      }
      const { now, peak } = residentMb(pid);
      highestMb = Math.max(highestMb, peak);
      tookMs.sort((a, b) => a - b);
      const at = (share: number) => tookMs[Math.ceil(tookMs.length * share) - 1] ?? NaN;
      tell(
        `${what}: median ${at(0.5).toFixed(1)} ms, 99th percentile ${at(0.99).toFixed(1)} ms; ` +
          `${(bytes / tookMs.length / 1000).toFixed(0)} KB each; at most ${peak} MB resident, ${now} MB after it`,
      );
      return { medianMs: at(0.5) };
    },
  };
}
