import type { Clock } from '../time.ts';
import type { HistoryStore } from './ports.ts';

const EVERY_MS = 60_000;
/** Between two batches, so that requests come in between. */
const NEXT_BATCH_MS = 20;

interface Kept {
  readonly keepMs: number;
  readonly maxRows: number;
}

/** Drops what is too old or too much, in small batches, until it is stopped. */
export function startPruning(
  store: Pick<HistoryStore, 'prune'>,
  clock: Pick<Clock, 'now'>,
  { keepMs, maxRows }: Kept,
  onError: (error: unknown) => void,
): { stop(): void } {
  let stopped = false;
  let timer = setTimeout(pruneSome, EVERY_MS).unref();

  function pruneSome(): void {
    store.prune({ before: clock.now() - keepMs, maxRows }).then(
      (dropped) => next(dropped > 0 ? NEXT_BATCH_MS : EVERY_MS),
      (error: unknown) => {
        onError(error);
        next(EVERY_MS);
      },
    );
  }

  function next(afterMs: number): void {
    if (!stopped) timer = setTimeout(pruneSome, afterMs).unref();
  }

  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
