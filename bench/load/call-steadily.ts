import { runScript } from '../setup/processes.ts';

export interface OpenLoopOrder {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** How many requests can be under way. Further ones wait, and their wait counts. */
  readonly connections: number;
}

export interface OpenLoopReport {
  readonly statuses: Readonly<Record<string, number>>;
  /** From the instant at which a request was due to the end of its answer, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Calls at a fixed rate, from a process of its own. */
export function callSteadily(order: OpenLoopOrder): Promise<OpenLoopReport> {
  return runScript(new URL('open-loop.ts', import.meta.url), order);
}
