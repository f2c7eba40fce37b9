import { runScript } from '../setup/processes.ts';

export interface Order {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One body for each caller, from the first again if there are fewer. */
  readonly bodies: readonly string[];
  /** How many callers, each with one request on its own connection. */
  readonly callers: number;
  /** Over how long the callers arrive, milliseconds. Default 0: in one instant. */
  readonly spreadMs?: number;
}

export interface Report {
  readonly statuses: Readonly<Record<string, number>>;
  /** `X-Gateway-Source` of the answers. */
  readonly sources: Readonly<Record<string, number>>;
  /** From the request to the end of its answer, milliseconds. */
  readonly tookMs: readonly number[];
}

/** Has many callers call at once, from a process of their own. */
export function callAll(order: Order): Promise<Report> {
  return runScript(new URL('callers.ts', import.meta.url), order);
}
