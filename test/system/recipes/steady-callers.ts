import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { GOOD_HEADERS, httpCall, type HttpAnswer } from '../../support/http-client.ts';

export interface Asker {
  readonly name: string;
  /** Whether it sends its requests over one kept connection; otherwise each has its own. */
  readonly keepsConnection: boolean;
  /** The pause between a response and the next request. */
  readonly everyMs: number;
  next(): { readonly operation: string; readonly body: object };
  isGood(answer: HttpAnswer): boolean;
}

export interface SteadyCallers {
  /** The number of good responses for each caller, by its name. */
  readonly good: ReadonlyMap<string, number>;
  /** Bad responses, including connection errors. */
  readonly bad: readonly string[];
  /** Resolves when everything was answered; nothing is sent after that. */
  stop(): Promise<void>;
}

/** Each of them sends one request at a time, without an end and without repeating one. */
export function startCallers(url: string, askers: readonly Asker[]): SteadyCallers {
  const good = new Map(askers.map(({ name }) => [name, 0]));
  const bad: string[] = [];
  let stopped = false;

  async function ask({ name, next, isGood }: Asker, agent: Agent | undefined): Promise<void> {
    const { operation, body } = next();
    const call = { path: `/contacts/${operation}`, headers: GOOD_HEADERS, agent };
    try {
      const answer = await httpCall(url, { ...call, body: JSON.stringify(body) });
      if (isGood(answer)) good.set(name, (good.get(name) ?? 0) + 1);
      else bad.push(`${name}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
    } catch (error) {
      bad.push(`${name}: ${String(error)}`);
    }
  }

  async function askOnAndOn(asker: Asker): Promise<void> {
    const agent = asker.keepsConnection ? new Agent({ keepAlive: true, maxSockets: 1 }) : undefined;
    while (!stopped) {
      await ask(asker, agent);
      await pause(asker.everyMs);
    }
    agent?.destroy();
  }

  const asking = askers.map(askOnAndOn);
  return {
    good,
    bad,
    async stop() {
      stopped = true;
      await Promise.all(asking);
    },
  };
}
